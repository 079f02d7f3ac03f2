// Reads calls written as Python: [f(a=1), g(b='x')], and Llama 3's built-in tools after its python tag.
import type { Call, Parsed } from './format.ts'
import type { Json } from '../../text/json.ts'
import { literal } from '../../text/python.ts'
import type { Node } from '../../text/python/node.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import { strip } from '../../text/python/text.ts'
import { toJson } from '../../text/python/json.ts'
import { PythonError } from '../../text/python/value.ts'
import { DEPTH_LIMIT, Malformed, splitThink } from './read.ts'

const START = /\[\s*[\p{L}_][\p{L}\p{N}_.]*\s*\(/u

/** The first list of calls; text may stand before and after it. `[]` alone is no call. Positional arguments are a fault. */
export function parsePythonic(completion: string): Parsed {
  const { think, text: tagged, unfinished } = splitThink(completion)
  if (unfinished) return { think, calls: [], rest: strip(tagged), fault: 'truncated: thinking without an end' }
  const text = strip(tagged.replaceAll('<|python_start|>', '').replaceAll('<|python_end|>', ''))
  if (/^\[\s*\]$/.test(text)) return { think, calls: [], rest: '', fault: null }
  const start = text.search(START)
  if (start < 0) return { think, calls: [], rest: text, fault: null }
  let end: number | undefined
  try {
    end = listEnd(text, start)
    if (end === undefined) throw new Malformed('the text ends inside a list of calls')
    const calls = readList(text.slice(start, end))
    return { think, calls, rest: strip(text.slice(0, start) + text.slice(end)), fault: null }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { think, calls: [], rest: text, fault: `${end === undefined ? 'truncated' : 'malformed'}: ${error.message}` }
  }
}

/** One call expression, such as brave_search.call(query="x"). @throws Malformed */
export function readExpression(source: string): Call {
  return toCall(parse(source))
}

function readList(source: string): Call[] {
  const node = parse(source)
  if (node.kind !== 'List') throw new Malformed('not a list of calls')
  return node.items.map(toCall)
}

function parse(source: string): Node {
  try {
    return parseExpression(source)
  } catch (error) {
    if (error instanceof PythonError) throw new Malformed(error.message)
    throw error
  }
}

function toCall(node: Node): Call {
  if (node.kind !== 'Call') throw new Malformed('not a call')
  if (node.args.length > 0) throw new Malformed('an argument without a name')
  const entries = node.keywords.map(({ name, value }): [string, Json] => {
    if (name === null) throw new Malformed('** in a call')
    return [name, readLiteral(value)]
  })
  return { name: dottedName(node.func), arguments: Object.fromEntries(entries) }
}

function dottedName(node: Node): string {
  if (node.kind === 'Name') return node.id
  if (node.kind === 'Attribute') return `${dottedName(node.value)}.${node.name}`
  throw new Malformed('a call must have a plain or dotted name')
}

/** JSON's true, false and null are read too: models mix them in. */
const JSON_WORDS: Record<string, Json> = { true: true, false: false, null: null }

function readLiteral(node: Node): Json {
  if (node.kind === 'Name' && Object.hasOwn(JSON_WORDS, node.id)) return JSON_WORDS[node.id] ?? null
  if (node.kind === 'List' || node.kind === 'Tuple') return node.items.map(readLiteral)
  if (node.kind === 'Dict') {
    return Object.fromEntries(
      node.entries.map(({ key, value }) => {
        if (key?.kind !== 'Constant' || typeof key.value !== 'string') throw new Malformed('a key must be text')
        return [key.value, readLiteral(value)]
      }),
    )
  }
  try {
    return toJson(literal(node))
  } catch (error) {
    if (error instanceof PythonError) throw new Malformed('an argument must be a literal')
    throw error
  }
}

/** Index after the bracket that closes the list begun at `start`, quotes respected; undefined where the text ends before. */
function listEnd(text: string, start: number): number | undefined {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const character = text[i]!
    if (character === "'" || character === '"') {
      const close = quoteEnd(text, i, text.startsWith(character.repeat(3), i) ? character.repeat(3) : character)
      if (close === undefined) return undefined
      i = close - 1
    } else if ('([{'.includes(character)) {
      if (++depth > DEPTH_LIMIT) throw new Malformed('nested too deep')
    } else if (')]}'.includes(character) && --depth === 0) return i + 1
  }
  return undefined
}

function quoteEnd(text: string, start: number, quote: string): number | undefined {
  for (let i = start + quote.length; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text.startsWith(quote, i)) return i + quote.length
  }
  return undefined
}
