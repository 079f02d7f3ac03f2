// What every parser needs: the thinking set apart, the end of a JSON value found without parsing it, a JSON value as a call.
import type { Call } from './format.ts'
import { isObject, JsonError, MAX_DEPTH, parseJson, type Json } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'

/** Why a text that looks like a call is none. */
export class Malformed extends Error {}

const END_TOKENS = ['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<|endoftext|>', '</s>']

export interface Thought {
  /** Text between the think tags, stripped; null where there are none. */
  think: string | null
  /** The text without the thinking and without end-of-turn tokens. */
  text: string
  /** Thinking that never ends: there is no reply. */
  unfinished: boolean
}

/**
 * Sets the first thinking apart. A closing tag alone ends thinking that the prompt began. Think tags after `callTag` belong to a call's
 * text and are left alone.
 */
export function splitThink(completion: string, callTag?: string): Thought {
  const text = withoutEndTokens(completion)
  const open = text.indexOf('<think>')
  const close = text.indexOf('</think>')
  const plain = { think: null, text, unfinished: false }
  if (open < 0 && close < 0) return plain
  const begin = open >= 0 && (close < 0 || open < close) ? open : -1
  if (callTag !== undefined) {
    const call = text.indexOf(callTag)
    if (call >= 0 && (begin < 0 ? strip(text.slice(0, call)) === '' : call < begin)) return plain
  }
  if (close < 0)
    return { think: strip(text.slice(begin + '<think>'.length)), text: text.slice(0, begin), unfinished: true }
  const think = strip(begin < 0 ? text.slice(0, close) : text.slice(begin + '<think>'.length, close))
  return {
    think,
    text: (begin < 0 ? '' : text.slice(0, begin)) + text.slice(close + '</think>'.length),
    unfinished: false,
  }
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

/** An object with a name and one of `keys` as a call. @throws Malformed for anything less. */
export function toCall(value: Json, keys: readonly string[] = ['arguments']): Call {
  if (!isObject(value)) throw new Malformed('a call must be an object')
  const name = value['name']
  if (typeof name !== 'string' || name === '') throw new Malformed('a call must have a "name"')
  const key = keys.find((key) => Object.hasOwn(value, key))
  if (key === undefined) throw new Malformed(`the call of ${name} has no "${keys.join('" or "')}"`)
  return { name, arguments: value[key] ?? null }
}

/** One object or a list of them as calls. @throws Malformed */
export function toCalls(value: Json, keys?: readonly string[]): Call[] {
  return Array.isArray(value) ? value.map((item) => toCall(item, keys)) : [toCall(value, keys)]
}

/** Deepest nesting that a parser follows. */
export const DEPTH_LIMIT = MAX_DEPTH
