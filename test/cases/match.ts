// Patterns of the cases: any JSON stands for itself, told apart as Python tells it apart, and operators begin with $.
import { decodeIds } from './model.ts'
import { join } from 'node:path'
import { equalJson, Float, isObject, JsonError, parseJson, type Json, type JsonObject } from '../../src/text/json.ts'

/** A value that was looked at; undefined where there is none. */
type Got = Json | undefined
/** Why a value is not as a pattern says; undefined where it is. */
export type Miss = string | undefined
type Operator = (operand: Json, got: Got, at: string, here: string) => Miss

/** Why `got` is not as `pattern` says. `at` names the value, `here` is the folder in which the case runs. */
export function miss(pattern: Json, got: Got, at: string, here: string): Miss {
  const found = operatorOf(pattern)
  if (found) return found.operator(found.operand, got, at, here)
  if (Array.isArray(pattern)) {
    if (!Array.isArray(got) || got.length !== pattern.length) return `${at}: expected ${say(pattern)}, got ${say(got)}`
    return first(pattern.map((each, i) => miss(each, got[i], `${at}[${i}]`, here)))
  }
  if (!isObject(pattern))
    return got !== undefined && equalJson(pattern, got, 'exact')
      ? undefined
      : `${at}: expected ${say(pattern)}, got ${say(got)}`
  const strange = isObject(got) ? Object.keys(got).find((key) => !Object.hasOwn(pattern, key)) : undefined
  return strange === undefined
    ? fields(pattern, got, at, here)
    : `${at}: "${strange}" should not be there, got ${say(got)}`
}

/** Only the fields that the pattern names. */
export function fields(pattern: JsonObject, got: Got, at: string, here: string): Miss {
  if (!isObject(got)) return `${at}: expected an object, got ${say(got)}`
  return first(
    Object.entries(pattern).map(([key, each]) =>
      miss(each, Object.hasOwn(got, key) ? got[key] : undefined, `${at}.${key}`, here),
    ),
  )
}

/** A row of a table of rows: of an object only the named fields count. */
export function rowMiss(pattern: Json, got: Got, at: string, here: string): Miss {
  return isObject(pattern) && !operatorOf(pattern) ? fields(pattern, got, at, here) : miss(pattern, got, at, here)
}

export const isOperator = (pattern: Json): boolean => operatorOf(pattern) !== undefined
export const listed = (value: Json): Json[] => (Array.isArray(value) ? value : [value])
export const first = (misses: Iterable<Miss>): Miss => [...misses].find((each) => each !== undefined)

export function say(value: Got): string {
  const text =
    value === undefined
      ? 'nothing'
      : (JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? '')
  return text.length <= 300 ? text : `${text.slice(0, 200)} … ${text.slice(-100)}`
}

const numberOf = (value: Got): number =>
  value instanceof Float ? value.value : typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN

function near(value: Json, tolerance: number, got: Got, at: string): Miss {
  const good = Math.abs(numberOf(got) - numberOf(value)) <= tolerance
  return good ? undefined : `${at}: expected ${say(value)} within ${tolerance}, got ${say(got)}`
}

const unless = (good: boolean, message: string): Miss => (good ? undefined : message)

/** What of the operand is in a list or text. */
function held(operand: Json, got: Got, at: string, here: string): { pattern: Json; holds: boolean }[] | string {
  if (Array.isArray(got))
    return listed(operand).map((pattern) => ({
      pattern,
      holds: got.some((each) => miss(pattern, each, at, here) === undefined),
    }))
  if (typeof got !== 'string') return `${at}: expected text or a list, got ${say(got)}`
  return listed(operand).map((pattern) => ({ pattern, holds: got.includes(String(pattern)) }))
}

/** Python's patterns: flags stand in front, and $ lets a last line break follow. */
function patternOf(text: Json): RegExp {
  const [, flags = '', body = ''] = /^(?:\(\?([a-z]+)\))?([\s\S]*)$/.exec(String(text)) ?? []
  return new RegExp(body.replace(/(?<!\\)\$$/, '\\n?$'), `${flags}s`)
}

const OPERATORS: Record<string, Operator> = {
  $any: (_, got, at) => unless(got !== undefined, `${at}: is absent`),
  $absent: (_, got, at) => unless(got === undefined, `${at}: should be absent, is ${say(got)}`),
  $has: (operand, got, at, here) => fields(isObject(operand) ? operand : {}, got, at, here),
  $contains(operand, got, at, here) {
    const found = held(operand, got, at, here)
    if (typeof found === 'string') return found
    const lack = found.find(({ holds }) => !holds)
    return lack && `${at}: lacks ${say(lack.pattern)}, is ${say(got)}`
  },
  $lacks(operand, got, at, here) {
    const found = held(operand, got, at, here)
    if (typeof found === 'string') return found
    const held_ = found.find(({ holds }) => holds)
    return held_ && `${at}: should not hold ${say(held_.pattern)}, is ${say(got)}`
  },
  $matches: (operand, got, at) =>
    unless(
      typeof got === 'string' && patternOf(operand).test(got),
      `${at}: does not match ${say(operand)}, is ${say(got)}`,
    ),
  $starts: (operand, got, at) =>
    unless(
      typeof got === 'string' && got.startsWith(String(operand)),
      `${at}: does not start with ${say(operand)}, is ${say(got)}`,
    ),
  $ends: (operand, got, at) =>
    unless(
      typeof got === 'string' && got.endsWith(String(operand)),
      `${at}: does not end with ${say(operand)}, is ${say(got)}`,
    ),
  $in(operand, got, at, here) {
    const found = listed(operand).map((each) => miss(each, got, at, here))
    return found.includes(undefined) ? undefined : `none of: ${found.join(' | ')}`
  },
  $all: (operand, got, at, here) => first(listed(operand).map((each) => miss(each, got, at, here))),
  $not: (operand, got, at, here) =>
    unless(miss(operand, got, at, here) !== undefined, `${at}: should not be ${say(operand)}, is ${say(got)}`),
  $number: (operand, got, at) => near(operand, 0, got, at),
  $near: (operand, got, at) => near(listed(operand)[0]!, numberOf(listed(operand)[1]), got, at),
  $above: (operand, got, at) =>
    unless(numberOf(got) > numberOf(operand), `${at}: expected more than ${say(operand)}, got ${say(got)}`),
  $below: (operand, got, at) =>
    unless(numberOf(got) < numberOf(operand), `${at}: expected less than ${say(operand)}, got ${say(got)}`),
  $length(operand, got, at, here) {
    const length =
      typeof got === 'string'
        ? [...got].length
        : Array.isArray(got)
          ? got.length
          : isObject(got)
            ? Object.keys(got).length
            : -1
    return length < 0 ? `${at}: has no length` : miss(operand, length, `length of ${at}`, here)
  },
  $json(operand, got, at, here) {
    const value = typeof got === 'string' ? readable(got) : undefined
    return value === undefined
      ? `${at}: expected JSON text, got ${say(got)}`
      : miss(operand, value, `${at} read as JSON`, here)
  },
  $text(operand, got, at, here) {
    if (!Array.isArray(got) || !isObject(operand)) return `${at}: expected token ids, got ${say(got)}`
    const model = join(here, String(operand['model']))
    return miss(operand['is'] ?? null, decodeIds(model, got.map(numberOf)), `${at} as text`, here)
  },
}

function operatorOf(pattern: Json): { operator: Operator; operand: Json } | undefined {
  if (!isObject(pattern)) return undefined
  const [entry, ...others] = Object.entries(pattern)
  if (entry === undefined || others.length > 0 || !Object.hasOwn(OPERATORS, entry[0])) return undefined
  return { operator: OPERATORS[entry[0]]!, operand: entry[1] }
}

/** Undefined for what is no JSON. */
export function readable(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
