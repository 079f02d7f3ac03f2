// The table of call formats: how the calls of a model's turn are read and written, in scoring, training, evaluation and inference.
import type { CallFormat } from './call/format.ts'
import { deepseekV32, deepseekV4, glm45, minimaxM2, qwen3Coder, seedOss } from './call/elements.ts'
import { gemma4 } from './call/gemma.ts'
import { gptOss } from './call/harmony.ts'
import { hermesGrammar, llama3Grammar, pythonicGrammar, toolN1Grammar } from './call/frames.ts'
import { deepseekV3, deepseekV31, kimiK2 } from './call/headed.ts'
import { parseLlama3 } from './call/llama3.ts'
import { parseObjects } from './call/objects.ts'
import { MISTRAL_THOUGHT, parseMistral } from './call/mistral.ts'
import { parsePythonic } from './call/pythonic.ts'
import { readValue, toCall, toCalls } from './call/read.ts'
import { parseTagged } from './call/tagged.ts'
import { toolaceToolN1 } from './call/toolace-tool-n1.ts'
import { blockEach, linesInBlock, list, listInBlock, mistral, objects, python, writeTurn } from './call/write.ts'
import { lookup } from '../error.ts'
import type { Json } from '../text/json.ts'

const TOOL_CALL = { open: '<tool_call>', close: '</tool_call>' }
/** Objects, lists of them, and fences around them. */
const OBJECTS = ['{', '[', '```']

export const callFormats = {
  'tool-n1': {
    what: 'Tool-N1: a list of {name, arguments} in the last <tool_call> block',
    opens: [TOOL_CALL.open],
    parse: (text) => parseTagged(text, { ...TOOL_CALL, lastOnly: true, read: (body) => toCalls(readText(body)) }),
    write: (turn) => writeTurn(turn, listInBlock),
    grammar: toolN1Grammar,
  },
  hermes: {
    what: 'Hermes, Qwen 2.5 and Qwen 3: one {name, arguments} in each <tool_call> block',
    opens: [TOOL_CALL.open],
    parse: (text) =>
      parseTagged(text, {
        ...TOOL_CALL,
        closeOptional: true,
        read: (body) => [toCall(readValue(body), { objects: true })],
      }),
    write: (turn) => writeTurn(turn, blockEach),
    grammar: hermesGrammar,
  },
  toolrl: {
    what: 'ToolRL: one {name, parameters} a line in a <tool_call> block',
    opens: [TOOL_CALL.open],
    parse: (text) =>
      parseTagged(text, {
        ...TOOL_CALL,
        read: (body) => body.split('\n').map((line) => toCall(readValue(line), { keys: ['parameters'] })),
      }),
    write: (turn) => writeTurn(turn, linesInBlock),
  },
  'llama3-json': {
    what: 'Llama 3: {name, parameters} between semicolons, or what follows <|python_tag|>',
    opens: [...OBJECTS, '<|python_tag|>'],
    parse: parseLlama3,
    write: (turn) => writeTurn(turn, objects),
    grammar: llama3Grammar,
  },
  pythonic: {
    what: 'Llama 3.2, Llama 4 and ToolACE: [f(a=1), g(b="x")]',
    opens: ['[', '<|python_start|>', '<|python_end|>'],
    parse: parsePythonic,
    write: (turn) => writeTurn(turn, python),
    grammar: pythonicGrammar,
  },
  'toolace-tool-n1': toolaceToolN1,
  json: {
    what: 'JSON objects or lists of {name, arguments}, plain or in a ```json fence',
    opens: OBJECTS,
    parse: (text) => parseObjects(text),
    write: (turn) => writeTurn(turn, list),
  },
  mistral: {
    what: 'Mistral: [TOOL_CALLS] and a list of {name, arguments}, or [TOOL_CALLS]name[ARGS]{…} for each call',
    opens: OBJECTS,
    thought: MISTRAL_THOUGHT,
    parse: parseMistral,
    write: (turn) => writeTurn(turn, mistral),
  },
  'qwen3-coder': qwen3Coder,
  'deepseek-v3': deepseekV3,
  'deepseek-v3.1': deepseekV31,
  'deepseek-v3.2': deepseekV32,
  'deepseek-v4': deepseekV4,
  'kimi-k2': kimiK2,
  'glm-4.5': glm45,
  'minimax-m2': minimaxM2,
  'seed-oss': seedOss,
  'gpt-oss': gptOss,
  'gemma-4': gemma4,
} satisfies Record<string, CallFormat>

export type FormatName = keyof typeof callFormats

export const isFormatName = (name: string): name is FormatName => Object.hasOwn(callFormats, name)

/** The format of that name. @throws HoneError with the nearest name. */
export function findFormat(name: string): CallFormat {
  return lookup<CallFormat>(callFormats, 'parser', name)
}

/** A JSON value; where it is text, the JSON in that text, as Tool-N1's rewards read it. */
function readText(body: string): Json {
  const value = readValue(body)
  return typeof value === 'string' ? readValue(value) : value
}
