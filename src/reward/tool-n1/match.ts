// Compares two lists of calls as multisets of (name, arguments), the way Tool-N1's validate_result does.
import { dumpJson, equalJson, Float, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { Raised } from '../reward.ts'

/** 2: the same calls in any order; 1: the same names; 0: neither. */
export type Match = 0 | 1 | 2

/**
 * `calls` are objects with the keys name and arguments; `truth` is whatever JSON the answer holds.
 * Throws Raised where Python would: TypeError for an answer without a length, KeyError for one without name or arguments.
 */
export function matchCalls(calls: readonly JsonObject[], truth: Json): Match {
  const size = sizeOf(truth)
  if (calls.length === 0 || size === 0) return calls.length === size ? 2 : 0
  if (calls.some((call) => !isHashable(call['name']))) return 0
  if (!Array.isArray(truth)) return 0
  if (calls === truth) return 2
  const expected: JsonObject[] = []
  for (const item of truth) {
    if (!isObject(item)) return 0
    for (const key of KEYS)
      if (!Object.hasOwn(item, key)) throw new Raised('KeyError', `an expected call has no "${key}"`)
    if (!isHashable(item['name'])) return 0
    expected.push(item)
  }
  if (calls.length !== expected.length) return 0
  if (calls.every((call, i) => sameCall(call, expected[i]!))) return 2
  if (calls.length === 1) return sameName(calls[0]!, expected[0]!) ? 1 : 0
  if (pairUp(calls, expected, sameCall, callKey)) return 2
  return pairUp(calls, expected, sameName, ({ name }) => nameKey(name)) ? 1 : 0
}

const KEYS = ['name', 'arguments']

/** Whether each of `a` has a partner of its own among as many `b`: side by side, else by keys where they are many. */
function pairUp(
  a: readonly JsonObject[],
  b: readonly JsonObject[],
  same: (a: JsonObject, b: JsonObject) => boolean,
  keyOf: (call: JsonObject) => string,
): boolean {
  if (a.length > FEW) return sameMultiset(a.map(keyOf), b.map(keyOf))
  const left = [...b]
  for (const each of a) {
    const at = left.findIndex((other) => same(each, other))
    if (at < 0) return false
    left.splice(at, 1)
  }
  return true
}

/** More calls than these are compared by their text, in time linear in their number. */
const FEW = 16

/** Names compare with Python's ==, arguments by their dumped text. */
function sameCall(a: JsonObject, b: JsonObject): boolean {
  return a === b || (sameName(a, b) && equalJson(a['arguments'] ?? null, b['arguments'] ?? null, 'exact'))
}

function sameName({ name: a }: JsonObject, { name: b }: JsonObject): boolean {
  return a === b || (!(typeof a === 'string' && typeof b === 'string') && nameKey(a) === nameKey(b))
}

function sizeOf(value: Json): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  if (isObject(value)) return Object.keys(value).length
  throw new Raised('TypeError', 'the expected answer is neither a list nor text')
}

/** True for what may be a key of a Python dict. */
export function isHashable(name: Json | undefined): boolean {
  return !Array.isArray(name) && !isObject(name)
}

const callKey = (call: JsonObject): string =>
  nameKey(call['name']) + ' ' + dumpJson(call['arguments'] ?? null, { sortKeys: true })

/** Equal for names that are equal as keys of a Python dict: 1, 1.0 and true are one key. */
export function nameKey(name: Json | undefined = null): string {
  if (typeof name === 'boolean') return String(Number(name))
  if (name instanceof Float) return String(BigInt(name.value))
  return typeof name === 'string' ? JSON.stringify(name) : String(name)
}

function sameMultiset(a: readonly string[], b: readonly string[]): boolean {
  const counts = new Map<string, number>()
  for (const key of a) counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const key of b) {
    const count = counts.get(key) ?? 0
    if (count === 0) return false
    counts.set(key, count - 1)
  }
  return a.length === b.length
}
