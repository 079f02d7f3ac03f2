// What became of the shares that a run was evaluated for.
import type { RunEvent } from './event.ts'

export type Evaluation = RunEvent & { type: 'eval' }

/** A share with its interval, each from 0 to 1. */
export interface Share {
  step: number
  value: number
  low: number
  high: number
}

/** A share by its name, as the first and the last evaluation that gives it has it. */
export interface Change {
  name: string
  before: Share
  after: Share
}

/** Of every figure that has an interval; both are one where it was given once. Held-out rows and held-out pairs are events of their own. */
export function changesOf(evals: readonly Evaluation[]): Change[] {
  const shares = new Map<string, Share[]>()
  for (const { step, figures } of evals)
    for (const [name, value] of Object.entries(figures)) {
      const [low, high] = [figures[`${name}/low`], figures[`${name}/high`]]
      if (low === undefined || high === undefined) continue
      shares.set(name, [...(shares.get(name) ?? []), { step, value, low, high }])
    }
  return [...shares].flatMap(([name, given]) => {
    const [before, after] = [given[0], given.at(-1)]
    return before && after ? [{ name, before, after }] : []
  })
}
