// Calls in every JSON spelling that data sets use, read into {name, arguments}.
import { isObject, JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { literalEval } from '../text/python.ts'
import { toJson } from '../text/python/json.ts'
import { PythonError } from '../text/python/value.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { isNothing } from './nulls.ts'
import { kindOf, Rejection, unwrapText } from './source.ts'

/** Keys that hold the name and the arguments, in the order they are looked for. */
export const CALL_NAMES = ['name', 'tool', 'tool_name', 'api_name', 'function_name', 'function']
export const CALL_ARGUMENTS = [
  'arguments',
  'parameters',
  'args',
  'input',
  'param_dict',
  'params',
  'kwargs',
  'tool_input',
  'action_input',
]

/**
 * Calls from a list or a single call, each {name, arguments} in any of the spellings above, wrapped as OpenAI's
 * {function: {name, arguments}} or not, arguments as an object or as text. What holds nothing is no call.
 * @throws Rejection 'bad-call'
 */
export function toCalls(value: Json | undefined): ToolCall[] {
  const whole = readText(value, 'calls')
  return (Array.isArray(whole) ? whole : [whole]).flatMap((call) => (isNothing(call) ? [] : [toCall(call!)]))
}

function toCall(value: Json): ToolCall {
  const outer = readText(value, 'call')
  if (!isObject(outer)) throw new Rejection('bad-call', `a call is ${kindOf(outer)}, expected an object`)
  const call = isObject(outer['function']) ? outer['function'] : outer
  const name = given(call, CALL_NAMES)
  if (typeof name !== 'string')
    throw new Rejection('bad-call', `the name of a call is ${kindOf(name)}, expected a string`)
  return { name, arguments: toArguments(call, name) }
}

function toArguments(call: JsonObject, name: string): JsonObject {
  const found = given(call, CALL_ARGUMENTS)
  const value = typeof found === 'string' && found.trim() === '' ? null : readText(found, 'arguments')
  if (value === undefined || value === null) return {}
  if (isObject(value)) return value
  throw new Rejection('bad-call', `the arguments of ${name} are ${kindOf(value)}, expected an object`)
}

/** The value of the first key that has one: null fills the columns of spellings that a row does not use. */
function given(call: JsonObject, keys: readonly string[]): Json | undefined {
  const values = keys.map((key) => call[key]).filter((value) => value !== undefined)
  return values.find((value) => value !== null) ?? values[0]
}

/** Text is read as JSON or, as some sets have it, as a Python dict; anything else stays as it is. @throws Rejection 'bad-call' */
function readText(value: Json | undefined, what: string): Json | undefined {
  if (typeof value !== 'string') return value
  try {
    return parseJson(value)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    try {
      return toJson(literalEval(value))
    } catch (cause) {
      if (!(cause instanceof PythonError)) throw cause
      return unwrapText(value, what, 'bad-call')
    }
  }
}
