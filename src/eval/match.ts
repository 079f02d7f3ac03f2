// Compares a model's calls with a hone row's answer: exact match, and how far each part of the calls agrees.
import type { Call } from '../dialogue/call/format.ts'
import { dumpJson, isObject, type Json } from '../text/json.ts'

/** Shares in [0, 1]; each is 1 exactly when nothing of its kind is missing, wrong or extra. */
export interface MatchParts {
  /** The number of calls is right (1 or 0). */
  count: number
  /** F1 of the multisets of tool names. */
  names: number
  /** F1 of the multisets of (tool, parameter name). */
  parameters: number
  /** F1 of the multisets of (tool, parameter name, value). */
  values: number
}

/** The same calls with the same arguments, in any order; values as JSON spells them (5 is not 5.0). */
export function exactMatch(calls: readonly Call[], answer: readonly Call[]): boolean {
  return calls.length === answer.length && overlap(calls.map(callKey), answer.map(callKey)) === calls.length
}

export function matchParts(calls: readonly Call[], answer: readonly Call[]): MatchParts {
  return {
    count: calls.length === answer.length ? 1 : 0,
    names: f1(
      calls.map(({ name }) => name),
      answer.map(({ name }) => name),
    ),
    parameters: f1(calls.flatMap(parameterKeys), answer.flatMap(parameterKeys)),
    values: f1(calls.flatMap(valueKeys), answer.flatMap(valueKeys)),
  }
}

/** One text per set of calls: equal texts mean the same calls in some order. Used to count votes. */
export function callsKey(calls: readonly Call[]): string {
  return calls.map(callKey).sort().join('\n')
}

/** F1 of two multisets; 1 where both are empty. */
export function f1(predicted: readonly string[], expected: readonly string[]): number {
  if (predicted.length === 0 && expected.length === 0) return 1
  return (2 * overlap(predicted, expected)) / (predicted.length + expected.length)
}

/** Size of the intersection of two multisets. */
export function overlap(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>()
  for (const key of b) left.set(key, (left.get(key) ?? 0) + 1)
  let common = 0
  for (const key of a) {
    const count = left.get(key) ?? 0
    if (count === 0) continue
    left.set(key, count - 1)
    common++
  }
  return common
}

function callKey(call: Call): string {
  return `${JSON.stringify(call.name)} ${canonical(call.arguments)}`
}

function parameterKeys(call: Call): string[] {
  return isObject(call.arguments)
    ? Object.keys(call.arguments).map((key) => `${JSON.stringify(call.name)} ${JSON.stringify(key)}`)
    : []
}

function valueKeys(call: Call): string[] {
  const { arguments: values } = call
  if (!isObject(values)) return [callKey(call)]
  return Object.entries(values).map(
    ([key, value]) => `${JSON.stringify(call.name)} ${JSON.stringify(key)} ${canonical(value)}`,
  )
}

function canonical(value: Json): string {
  return dumpJson(value, { sortKeys: true })
}
