// The decoders of BFCL's handlers: a response → calls [{name: {argument: value}}]; whatever a decoder throws counts as undecodable.
import type { CallFormat } from '../../dialogue/call/format.ts'
import { callFormats, isFormatName, type FormatName } from '../../dialogue/call.ts'
import { unknownName } from '../../error.ts'
import { JsonError, parseJson, type Json } from '../../text/json.ts'
import { getItem, iterate, itemsOf } from '../../text/python/container.ts'
import { strip, stripOf } from '../../text/python/text.ts'
import { fromJson } from '../../text/python/json.ts'
import { Dict, PythonError, type Py } from '../../text/python/value.ts'
import { decodeJavaCalls } from './java-calls.ts'
import { decodeJavascriptCalls } from './javascript-calls.ts'
import { decodePythonCalls } from './python-calls.ts'
import { SourceError } from './grammar.ts'
import type { Language } from './types.ts'

export interface Decoder {
  what: string
  /** @throws PythonError, JsonError or SourceError where the response cannot be decoded. */
  decode(response: Json, language: Language): Py
  /** The published handler cannot be asked by BFCL v4's relevance check, which passes it an argument it does not take: no call is ever seen. */
  blindToRelevance?: true
}

const LANGUAGES: Record<Language, (text: string) => Py> = {
  python: decodePythonCalls,
  // The brackets are taken off as characters, whatever they are.
  java: (text) => decodeJavaCalls([...text].slice(1, -1).join('')),
  javascript: (text) => decodeJavascriptCalls([...text].slice(1, -1).join('')),
}

export const decoders: Record<string, Decoder> = {
  text: {
    what: 'BFCL prompting: [f(a=1), g(b="x")] in the language of the functions',
    decode(response, language) {
      let text = stripOf(textOf(response), '`\n ')
      if (!text.startsWith('[')) text = `[${text}`
      if (!text.endsWith(']')) text = `${text}]`
      return LANGUAGES[language](text)
    },
  },
  calls: { what: 'calls already decoded: [{name: {argument: value}}]', decode: fromJson, blindToRelevance: true },
  'tool-calls': { what: 'calls already decoded, as an endpoint gives them; asked in every category', decode: fromJson },
  tooln1: {
    what: 'Tool-N1’s published handler: the first <tool_call> block',
    decode: firstBlock,
    blindToRelevance: true,
  },
  'tool-n1': { what: 'the first <tool_call> block as in tooln1, asked in every category', decode: firstBlock },
  qwen_fc: {
    what: 'Qwen function calling: one call in each <tool_call> block, with line ends inside the tags',
    decode(response) {
      const calls = [...blocksOf(textOf(response), '<tool_call>\n', '\n</tool_call>')].flatMap(readable)
      if (!calls.every((call) => call instanceof Dict)) throw new PythonError('ValueError', 'a block holds no call')
      return calls.map((call) => new Dict([[getItem(call, 'name'), new Dict(itemsOf(getItem(call, 'arguments')))]]))
    },
  },
  xlam: {
    what: 'xLAM: a JSON list of calls, one call, or calls between semicolons',
    decode(response) {
      const text = textOf(response)
      const [whole] = readable(text)
      if (whole !== undefined) return namedCalls(Array.isArray(whole) ? whole : [whole])
      return namedCalls(text.split(';').map((part) => fromJson(parseJson(strip(part)))))
    },
  },
  toolrl: {
    what: 'ToolRL: one call a line in the last <tool_call> block; bad lines and the name "none" are skipped',
    decode(response) {
      const body = textOf(response).split('<tool_call>').slice(1).at(-1)?.split('</tool_call>')[0] ?? ''
      const calls = strip(body)
        .split('\n')
        .flatMap(readable)
        .filter((call) => call instanceof Dict && call.has('name') && call.has('parameters'))
      return calls
        .filter((call) => getItem(call, 'name') !== 'none')
        .map((call) => new Dict([[getItem(call, 'name'), getItem(call, 'parameters')]]))
    },
  },
}

/** The decoder of that name, or one that reads calls as the parser of that name does. @throws HoneError with the nearest name. */
export function findDecoder(name: string, at?: string): Decoder {
  const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined
  if (decoder) return decoder
  const parser = isFormatName(name) ? callFormats[name] : undefined
  if (parser) return { what: parser.what, decode: (response) => parsedCalls(parser, textOf(response)) }
  const names = [...Object.keys(decoders), ...Object.keys(callFormats)]
  throw unknownName('mode of BFCL responses', name, names, { at })
}

/** BFCL's own decoders where it has one for the format: their quirks are part of its scores. */
export const modeOf = (format: FormatName): string => OWN[format] ?? format

const OWN: Partial<Record<FormatName, string>> = { pythonic: 'text', hermes: 'qwen_fc' }

/** True for what a decoder throws on an undecodable response, one too deep for the stack among them; anything else is a bug. */
export function isUndecodable(error: unknown): boolean {
  return (
    error instanceof PythonError ||
    error instanceof JsonError ||
    error instanceof SourceError ||
    error instanceof RangeError
  )
}

/** What stands between the tags, one block after another, in time linear in the text. */
function* blocksOf(text: string, open: string, close: string): Generator<string> {
  for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, at)) {
    const start = at + open.length
    const end = text.indexOf(close, start)
    if (end < 0) return
    yield text.slice(start, end)
    at = end + close.length
  }
}

function firstBlock(response: Json): Py {
  const [body] = blocksOf(textOf(response), '<tool_call>', '</tool_call>')
  if (body === undefined) throw new PythonError('TypeError', 'no block')
  return namedCalls(fromJson(parseJson(strip(body))))
}

function parsedCalls(parser: CallFormat, text: string): Py {
  const { calls, fault } = parser.parse(text)
  if (fault !== null) throw new PythonError('ValueError', fault)
  return calls.map(({ name, arguments: values }) => new Dict([[name, fromJson(values)]]))
}

function namedCalls(calls: Py): Py {
  return [...iterate(calls)].map((call) => new Dict([[getItem(call, 'name'), getItem(call, 'arguments')]]))
}

/** The JSON value of a text, or nothing. */
function readable(text: string): Py[] {
  try {
    return [fromJson(parseJson(text))]
  } catch (error) {
    if (error instanceof JsonError) return []
    throw error
  }
}

function textOf(response: Json): string {
  if (typeof response === 'string') return response
  throw new PythonError('AttributeError', 'the response is no text')
}
