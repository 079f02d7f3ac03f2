// Calls that were expected beside those that were made: which differ, in what, and by which rule.
import type { Call } from '../../dialogue/call/format.ts'
import { dumpJson, equalJson, Float, isObject, type Json, type JsonObject } from '../../text/json.ts'

/** An expected call and the nearest one that was made, as text; one of them is absent where a call is missing or too many. */
export interface CallDifference {
  expected?: string
  given?: string
  /** In what they differ; empty where the call is right, missing or too many. */
  defects: string[]
}

/** Every expected call beside the nearest unused one, then those that nobody expected. */
export function differencesOf(expected: readonly Call[], given: readonly Call[]): CallDifference[] {
  const left = [...given]
  const pairs = expected.map((call): CallDifference => {
    const near = left.reduce<Call | undefined>(
      (best, other) => (nearness(call, other) > nearness(call, best) ? other : best),
      undefined,
    )
    if (!near) return { expected: spell(call), defects: [] }
    left.splice(left.indexOf(near), 1)
    const defects = [...diffName(call, near), ...diffArguments(call.arguments, near.arguments, '')]
    return { expected: spell(call), given: spell(near), defects }
  })
  return [...pairs, ...left.map((call) => ({ given: spell(call), defects: [] }))]
}

function diffName(expected: Call, given: Call): string[] {
  return expected.name === given.name ? [] : [`name: expected ${quote(expected.name)}, got ${quote(given.name)}`]
}

function diffArguments(expected: Json, given: Json, path: string): string[] {
  if (equalJson(expected, given, 'exact')) return []
  if (isObject(expected) && isObject(given)) return diffObjects(expected, given, path)
  const where = path === '' ? 'arguments' : `argument ${path}`
  return [
    `${where}: expected ${dumpJson(expected, READABLE)}, got ${dumpJson(given, READABLE)} (${ruleOf(expected, given)})`,
  ]
}

function diffObjects(expected: JsonObject, given: JsonObject, path: string): string[] {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`)
  return [
    ...Object.keys(expected).flatMap((key) =>
      Object.hasOwn(given, key)
        ? diffArguments(expected[key] ?? null, given[key] ?? null, at(key))
        : [`argument ${at(key)}: missing, expected ${dumpJson(expected[key] ?? null, READABLE)}`],
    ),
    ...Object.keys(given)
      .filter((key) => !Object.hasOwn(expected, key))
      .map((key) => `argument ${at(key)}: not expected, got ${dumpJson(given[key] ?? null, READABLE)}`),
  ]
}

/** The rule by which two unequal values differ. */
function ruleOf(expected: Json, given: Json): string {
  const [a, b] = [kindOf(expected), kindOf(given)]
  if (a !== b) return `${a} and ${b} are different types`
  if (typeof expected === 'string' && typeof given === 'string') {
    if (expected.normalize() === given.normalize()) return 'the same letters in another Unicode form'
    if (expected.trim() === given.trim()) return 'white space counts'
    if (expected.toLowerCase() === given.toLowerCase()) return 'case counts'
  }
  if (Array.isArray(expected) && Array.isArray(given)) {
    const sorted = (list: Json[]): string =>
      list
        .map((item) => dumpJson(item, { sortKeys: true }))
        .sort()
        .join()
    return sorted(expected) === sorted(given)
      ? 'order counts in lists'
      : `lists of ${expected.length} and ${given.length}`
  }
  return 'another value'
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'string'
  if (Array.isArray(value)) return 'list'
  if (isObject(value)) return 'object'
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value)) ? 'float' : 'integer'
}

/** How much of an expected call another one has; below 0 where there is none. */
function nearness(expected: Call, other: Call | undefined): number {
  if (!other) return -1
  const name = expected.name === other.name ? 1 : 0
  if (!isObject(expected.arguments) || !isObject(other.arguments)) return name
  const given = other.arguments
  const entries = Object.entries(expected.arguments)
  const right = entries.filter(
    ([key, value]) => Object.hasOwn(given, key) && equalJson(value, given[key] ?? null, 'exact'),
  ).length
  return name + right / (entries.length + 1)
}

const READABLE = { ensureAscii: false }
export const spell = (call: Call): string => `${call.name}(${dumpJson(call.arguments, READABLE)})`
/** A text in quotation marks, its first 200 letters. */
export const quote = (text: string): string => JSON.stringify(text.length > 200 ? text.slice(0, 200) + '…' : text)
