// What every parser needs: the thinking set apart, the end of a JSON value found without parsing it, a JSON value as a call.
import type { Call, ThoughtTags } from './format.ts'
import { isObject, JsonError, MAX_DEPTH, parseJson, type Json, type JsonObject } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'

/** Why a text that looks like a call is none. */
export class Malformed extends Error {}

const END_TOKENS = [
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|endoftext|>',
  '</s>',
  // DeepSeek, GLM, MiniMax, Seed, Gemma 4, gpt-oss.
  '<\uff5cend\u2581of\u2581sentence\uff5c>',
  '<|observation|>',
  '<|user|>',
  '[e~[',
  '<seed:eos>',
  '<turn|>',
  '<|return|>',
]

/** A part of a text, `end` exclusive. */
export interface Part {
  start: number
  end: number
}

export interface Thought {
  /** Text between the think tags, stripped; null where there are none. */
  think: string | null
  /** The text without the thinking and without end-of-turn tokens. */
  text: string
  /** Thinking that never ends: there is no reply. */
  unfinished: boolean
}

/** The usual tags of thinking. */
export const THINK: ThoughtTags = { open: '<think>', close: '</think>' }

/**
 * Sets the first thinking apart. A closing tag alone ends thinking that the prompt began. Tags inside `calls`, the parts of the text
 * that are calls, rehearsed ones too, are data.
 */
export function splitThink(
  completion: string,
  calls: (text: string) => Iterable<Part> = () => [],
  { open, close }: ThoughtTags = THINK,
): Thought {
  const text = withoutEndTokens(completion)
  const plain = { think: null, text, unfinished: false }
  if (!text.includes(open) && !text.includes(close)) return plain
  const visible = blankOut(text, calls(text))
  const [first, end] = [visible.indexOf(open), visible.indexOf(close)]
  if (first < 0 && end < 0) return plain
  if (first < 0 || (end >= 0 && end < first))
    return { think: strip(text.slice(0, end)), text: text.slice(end + close.length), unfinished: false }
  const begin = first + open.length
  // A call gone wrong in the thinking may seem to hold the closing tag: thinking ends all the same.
  const last = end >= 0 ? end : text.indexOf(close, begin)
  if (last < 0) return { think: strip(text.slice(begin)), text: text.slice(0, first), unfinished: true }
  return {
    think: strip(text.slice(begin, last)),
    text: text.slice(0, first) + text.slice(last + close.length),
    unfinished: false,
  }
}

/** The same where a model has tags of its own beside the usual ones. */
export function splitThinkOf(
  completion: string,
  calls: (text: string) => Iterable<Part>,
  own: ThoughtTags | undefined,
): Thought {
  const thought = own && splitThink(completion, calls, own)
  return thought && thought.think !== null ? thought : splitThink(completion, calls)
}

/** The text with blanks for its `parts`, so that what is outside them can be sought. */
export function blankOut(text: string, parts: Iterable<Part>): string {
  let visible = ''
  for (const { start, end } of parts) visible += text.slice(visible.length, start) + ' '.repeat(end - start)
  return visible + text.slice(visible.length)
}

function withoutEndTokens(text: string): string {
  for (;;) {
    const trimmed = text.trimEnd()
    const token = END_TOKENS.find((token) => trimmed.endsWith(token))
    if (token === undefined) return text
    text = trimmed.slice(0, -token.length)
  }
}

/** A JSON text as a value. @throws Malformed */
export function readValue(text: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    throw new Malformed(error instanceof JsonError ? `not JSON: ${error.message}` : String(error))
  }
}

export interface CallSpelling {
  /** Names of the member that holds the arguments. */
  keys?: readonly string[]
  /** Arguments are an object, or the text of one; else any value. */
  objects?: boolean
}

/** An object with a name and arguments as a call. @throws Malformed for anything less. */
export function toCall(value: Json, { keys = ['arguments'], objects = false }: CallSpelling = {}): Call {
  if (!isObject(value)) throw new Malformed('a call must be an object')
  const name = value['name']
  if (typeof name !== 'string' || name === '') throw new Malformed('a call must have a "name"')
  const key = keys.find((key) => Object.hasOwn(value, key))
  if (key === undefined) throw new Malformed(`the call of ${name} has no "${keys.join('" or "')}"`)
  const written = value[key] ?? null
  return { name, arguments: objects ? readArguments(written) : written }
}

/** One object or a list of them as calls. @throws Malformed */
export function toCalls(value: Json, spelling?: CallSpelling): Call[] {
  return Array.isArray(value) ? value.map((item) => toCall(item, spelling)) : [toCall(value, spelling)]
}

/** An object, also one written as JSON text, as models do. @throws Malformed */
export function readArguments(value: Json): JsonObject {
  const read = typeof value === 'string' ? readValue(value) : value
  if (!isObject(read)) throw new Malformed('arguments must be a JSON object')
  return read
}

/** Deepest nesting that a parser follows. */
export const DEPTH_LIMIT = MAX_DEPTH
