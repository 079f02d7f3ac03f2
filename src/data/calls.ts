// Calls in every JSON spelling that data sets use, read into {name, arguments}.
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { kindOf, Rejection, unwrapText } from './source.ts'

/** Keys that hold the name and the arguments, in the order they are looked for. */
const NAMES = ['name', 'tool', 'tool_name', 'api_name']
const ARGUMENTS = ['arguments', 'parameters', 'args', 'input', 'param_dict']

/**
 * Calls from a list or a single call, each {name, arguments} in any of the spellings above, wrapped as OpenAI's
 * {function: {name, arguments}} or not, arguments as an object or as JSON text.
 * @throws Rejection 'bad-call'
 */
export function toCalls(value: Json | undefined): ToolCall[] {
  const whole = unwrapText(value, 'calls', 'bad-call')
  if (whole === null || whole === undefined) return []
  return (Array.isArray(whole) ? whole : [whole]).map(toCall)
}

function toCall(value: Json): ToolCall {
  const outer = unwrapText(value, 'call', 'bad-call')
  if (!isObject(outer)) throw new Rejection('bad-call', `a call is ${kindOf(outer)}, expected an object`)
  const call = isObject(outer['function']) ? outer['function'] : outer
  const name = NAMES.map((key) => call[key]).find((found) => found !== undefined)
  if (typeof name !== 'string')
    throw new Rejection('bad-call', `the name of a call is ${kindOf(name)}, expected a string`)
  return { name, arguments: toArguments(call, name) }
}

function toArguments(call: JsonObject, name: string): JsonObject {
  const found = ARGUMENTS.map((key) => call[key]).find((value) => value !== undefined)
  const value = found === '' ? null : unwrapText(found, 'arguments', 'bad-call')
  if (value === undefined || value === null) return {}
  if (isObject(value)) return value
  throw new Rejection('bad-call', `the arguments of ${name} are ${kindOf(value)}, expected an object`)
}
