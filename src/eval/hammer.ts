// Hammer's metric (MadeAgents/Hammer, evaluation/evaluate.py): micro precision, recall and F1 of tool names and of parameters compared as text.
import type { Call } from '../dialogue/call/format.ts'
import { isObject, type Json } from '../text/json.ts'
import { fromJson } from '../text/python/json.ts'
import { str } from '../text/python/repr.ts'
import { sum } from './statistics.ts'

/** What one response adds to the sums. */
export interface HammerCounts {
  rightNames: number
  givenNames: number
  wantedNames: number
  rightParameters: number
  givenParameters: number
  wantedParameters: number
}

export interface HammerScore {
  precision: number
  recall: number
  f1: number
}

/** Counts of one response; `calls` is null where it cannot be read, which counts as one wrong call. Empty text arguments are ignored. */
export function hammerCounts(calls: readonly Call[] | null, answer: readonly Call[]): HammerCounts {
  const counts = {
    rightNames: 0,
    givenNames: calls === null ? 1 : calls.length,
    wantedNames: answer.length,
    rightParameters: 0,
    givenParameters: 0,
    wantedParameters: sum(answer.map((call) => parametersOf(call).length)),
  }
  for (const call of calls ?? []) {
    counts.givenParameters += parametersOf(call).length
    // Expected calls are not used up: two equal calls may both match one.
    const sameName = answer.filter(({ name }) => name === call.name)
    if (sameName.length === 0) continue
    counts.rightNames++
    // Of the expected calls of that name, the first with any parameter in common.
    counts.rightParameters += sameName.map((expected) => agreement(expected, call)).find((count) => count > 0) ?? 0
  }
  return counts
}

/** Micro-averaged scores; null where nothing is right, as in the original. */
export function hammerScores(all: readonly HammerCounts[]): {
  names: HammerScore | null
  parameters: HammerScore | null
} {
  const total = (key: keyof HammerCounts) => sum(all.map((counts) => counts[key]))
  return {
    names: score(total('rightNames'), total('givenNames'), total('wantedNames')),
    parameters: score(total('rightParameters'), total('givenParameters'), total('wantedParameters')),
  }
}

/** Parameters of equal text; a call expected without arguments and given without counts as one. */
function agreement(expected: Call, given: Call): number {
  const wanted = argumentsOf(expected)
  const got = argumentsOf(given)
  if (Object.keys(wanted).length === 0 && Object.keys(got).length === 0) return 1
  const texts = new Map(parametersOf(given))
  return parametersOf(expected).filter(([key, text]) => texts.get(key) === text).length
}

function parametersOf(call: Call): [string, string][] {
  return Object.entries(argumentsOf(call)).flatMap(([key, value]): [string, string][] =>
    value === '' ? [] : [[key, str(fromJson(value))]],
  )
}

function argumentsOf({ arguments: values }: Call): { [key: string]: Json } {
  return isObject(values) ? values : {}
}

function score(right: number, given: number, wanted: number): HammerScore | null {
  if (right * given * wanted === 0) return null
  const [precision, recall] = [right / given, right / wanted]
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) }
}
