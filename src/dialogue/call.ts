// The table of parsers that read calls out of a model's text: one for scoring, training, evaluation and inference.
import type { Parser } from './call/format.ts'
import { parseLlama3 } from './call/llama3.ts'
import { parseObjects } from './call/objects.ts'
import { parsePythonic } from './call/pythonic.ts'
import { readValue, toCall, toCalls } from './call/read.ts'
import { parseTagged } from './call/tagged.ts'
import { toolaceToolN1 } from './call/toolace-tool-n1.ts'
import { lookup } from '../error.ts'
import type { Json } from '../text/json.ts'

const TOOL_CALL = { open: '<tool_call>', close: '</tool_call>' }

export const parsers: Record<string, Parser> = {
  'tool-n1': {
    what: 'Tool-N1: a list of {name, arguments} in the last <tool_call> block',
    parse: (text) => parseTagged(text, { ...TOOL_CALL, lastOnly: true, read: (body) => toCalls(readText(body)) }),
  },
  hermes: {
    what: 'Hermes, Qwen 2.5 and Qwen 3: one {name, arguments} in each <tool_call> block',
    parse: (text) =>
      parseTagged(text, { ...TOOL_CALL, closeOptional: true, read: (body) => [toCall(readValue(body))] }),
  },
  toolrl: {
    what: 'ToolRL: one {name, parameters} a line in a <tool_call> block',
    parse: (text) =>
      parseTagged(text, {
        ...TOOL_CALL,
        read: (body) => body.split('\n').map((line) => toCall(readValue(line), ['parameters'])),
      }),
  },
  'llama3-json': {
    what: 'Llama 3: {name, parameters} between semicolons, or what follows <|python_tag|>',
    parse: parseLlama3,
  },
  pythonic: {
    what: 'Llama 3.2, Llama 4 and ToolACE: [f(a=1), g(b="x")]',
    parse: parsePythonic,
  },
  'toolace-tool-n1': toolaceToolN1,
  json: {
    what: 'JSON objects or lists of {name, arguments}, plain or in a ```json fence',
    parse: (text) => parseObjects(text, { nestedText: true }),
  },
  mistral: {
    what: 'Mistral: [TOOL_CALLS] and a list of {name, arguments}',
    parse: (text) => parseObjects(text.replaceAll('[TOOL_CALLS]', '')),
  },
}

/** The parser of that name. @throws HoneError with the nearest name. */
export function findParser(name: string): Parser {
  return lookup(parsers, 'parser', name)
}

/** A JSON value; where it is text, the JSON in that text, as Tool-N1's rewards read it. */
function readText(body: string): Json {
  const value = readValue(body)
  return typeof value === 'string' ? readValue(value) : value
}
