// What a probe is worth: layers by held-out pairs, and ways to decide by held-out rows.
import { mean, pairedDifference, wilson } from '../../eval/statistics.ts'
import { table } from '../../shell/table.ts'
import { type Labelled, type Method, methods, type Rules } from './decide.ts'
import type { Fitted } from './fit.ts'

export interface Accuracy {
  name: string
  what: string
  /** Rows that it was fitted on, and rows that it was not: shares that are right. */
  fit: number
  test: number
  low: number
  high: number
  /** Of the rows that it was not fitted on: points of a share above what the model says itself. */
  gain: { estimate: number; low: number; high: number }
}

export interface ProbeReport {
  /** Of every layer that was fitted. */
  layers: { layer: number; accuracy: number; separation: number }[]
  taken: number[]
  positions: number[]
  rows: { fit: number; test: number }
  methods: Accuracy[]
}

export const layersOf = (fitted: readonly Fitted[]): ProbeReport['layers'] =>
  fitted.map(({ layer, accuracy, separation }) => ({ layer, accuracy, separation }))

/** Rows that rules were fitted on, and rows that they were not. */
export interface Halves {
  fit: readonly Labelled[]
  test: readonly Labelled[]
}

/** The method with its rules fitted on the one half, on both. */
export function accuracyOf(
  name: string,
  method: Method,
  halves: Halves,
  rules: Rules = method.fit(halves.fit),
): Accuracy {
  const right = (rows: readonly Labelled[], by: Method, rules: Rules) =>
    rows.map(({ answered, label }) => Number(by.decide(rules, answered) === label))
  const test = right(halves.test, method, rules)
  const { estimate, low, high } = wilson(
    test.reduce((a, b) => a + b, 0),
    test.length,
  )
  const naive = right(halves.test, methods.naive, methods.naive.fit())
  return {
    name,
    what: method.what,
    fit: mean(right(halves.fit, method, rules)),
    test: estimate,
    low,
    high,
    gain: pairedDifference(naive, test),
  }
}

/** Several of a kind as one: their means. */
export function meanAccuracy(name: string, what: string, all: readonly Accuracy[]): Accuracy {
  const of = (value: (each: Accuracy) => number) => mean(all.map(value))
  return {
    name,
    what,
    fit: of(({ fit }) => fit),
    test: of(({ test }) => test),
    low: of(({ low }) => low),
    high: of(({ high }) => high),
    gain: {
      estimate: of(({ gain }) => gain.estimate),
      low: of(({ gain }) => gain.low),
      high: of(({ gain }) => gain.high),
    },
  }
}

const percent = (share: number) => (Number.isNaN(share) ? '–' : (100 * share).toFixed(1))

/** Lines for people. */
export function reportLines({ layers, taken, rows, methods }: ProbeReport): string[] {
  const fitted = [
    ['layer', 'pairs told apart %', 'mean / deviation', ''],
    ...layers.map(({ layer, accuracy, separation }) => [
      String(layer),
      percent(accuracy),
      separation.toFixed(2),
      taken.includes(layer) ? 'taken' : '',
    ]),
  ]
  const decided = [
    ['decides by', `right % of ${rows.test}`, '95 %', 'gain', '95 %', `of ${rows.fit} fitted on`, ''],
    ...methods.map(({ name, what, fit, test, low, high, gain }) => [
      name,
      percent(test),
      `${percent(low)} to ${percent(high)}`,
      percent(gain.estimate),
      `${percent(gain.low)} to ${percent(gain.high)}`,
      percent(fit),
      what,
    ]),
  ]
  return [
    ...(layers.length > 0 ? table(fitted) : []),
    ...(layers.length > 0 && methods.length > 0 ? [''] : []),
    ...(methods.length > 0 ? table(decided) : []),
  ]
}
