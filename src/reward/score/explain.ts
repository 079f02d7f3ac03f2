// Explains a verdict call by call: what was expected, what came, which argument differs and by which rule.
import type { Call } from '../../dialogue/call/format.ts'
import { findFormat } from '../../dialogue/call.ts'
import { dumpJson, equalJson, Float, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { expectedCalls } from '../calls.ts'
import type { Sample, Verdict } from '../reward.ts'

/** Lines for people: the verdict, then every expected call beside the one that is nearest to it. `parser` reads the completion. */
export function explain(sample: Sample, verdict: Verdict, name: string, parser: string): string[] {
  const lines = [
    `${name}: score ${verdict.score}${verdict.fault === null ? '' : `, fault ${verdict.fault}`}`,
    ...Object.entries(verdict.parts ?? {}).map(([part, value]) => `  ${part}: ${value ?? 'not applicable'}`),
    ...verdict.reasons.map((reason) => `  because: ${reason}`),
  ]
  const read = findFormat(parser).parse(sample.completion)
  lines.push(`thinking: ${read.think === null ? 'none' : quote(read.think)}`)
  if (read.fault !== null) lines.push(`the calls cannot be read: ${read.fault}`)
  if (read.rest !== '') lines.push(`other text: ${quote(read.rest)}`)
  const expected = safely(() => expectedCalls(sample.truth))
  if (!expected) return [...lines, `expected: ${quote(String(sample.truth))}`]
  return [...lines, ...diffCalls(expected, read.calls)]
}

/** The calls side by side, each expected one with the nearest unused one. */
function diffCalls(expected: readonly Call[], given: readonly Call[]): string[] {
  if (expected.length === 0 && given.length === 0) return ['no call is expected and none was made']
  const left = [...given]
  const lines: string[] = []
  for (const [i, call] of expected.entries()) {
    const near = left.reduce<Call | undefined>(
      (best, other) => (nearness(call, other) > nearness(call, best) ? other : best),
      undefined,
    )
    if (near) left.splice(left.indexOf(near), 1)
    lines.push(...diffCall(`call ${i + 1}`, call, near))
  }
  for (const call of left) lines.push(`extra call: ${spell(call)}`)
  return lines
}

function diffCall(title: string, expected: Call, given: Call | undefined): string[] {
  if (!given) return [`${title}: missing, expected ${spell(expected)}`]
  const defects = [...diffName(expected, given), ...diffArguments(expected.arguments, given.arguments, '')]
  if (defects.length === 0) return [`${title}: right, ${spell(expected)}`]
  return [
    `${title}:`,
    `  expected ${spell(expected)}`,
    `  got      ${spell(given)}`,
    ...defects.map((defect) => `  - ${defect}`),
  ]
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
const spell = (call: Call): string => `${call.name}(${dumpJson(call.arguments, READABLE)})`
const quote = (text: string): string => JSON.stringify(text.length > 200 ? text.slice(0, 200) + '…' : text)

function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
