// A study as it was read: arms of stages over seeds, what they share, how they are judged and what they must reach.
import type { Tree } from '../../shell/config-file.ts'
import type { Bar } from './bar.ts'
import type { Way } from './ways.ts'

/** One stage of an arm, with the settings that are its own. */
export interface Stage {
  kind: string
  settings: Tree
}

export interface Study {
  path: string
  model: string
  seeds: readonly number[]
  /** Of every stage: each takes those that it has. */
  settings: Tree
  /** By name; `start`, the model as it comes, has no stages. */
  arms: ReadonlyMap<string, readonly Stage[]>
  /** The arm that the others are compared with, row by row. */
  against: string
  evaluate: { data: string[]; reward: string; rows?: number | undefined; ways: Readonly<Record<string, Way>> }
  bars: readonly Bar[]
}

/** The arm of the model as it comes. */
export const START = 'start'

/** Stands for the seed in what a study says. */
const SEED = 'seed'

/** The study with its paths as they are for a seed. */
export function ofSeed(study: Study, seed: number): Study {
  const of = <Value>(value: Value) => filledIn(value, SEED, String(seed))
  return {
    ...study,
    model: of(study.model),
    settings: of(study.settings),
    arms: new Map([...study.arms].map(([name, stages]) => [name, of(stages)])),
    evaluate: { ...study.evaluate, data: of(study.evaluate.data) },
  }
}

/** The same, with `text` in place of {name} in every text. */
export function filledIn<Value>(value: Value, name: string, text: string): Value {
  const filled = (each: unknown): unknown => {
    if (typeof each === 'string') return each.replaceAll(`{${name}}`, text)
    if (Array.isArray(each)) return each.map(filled)
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, filled(inner)]))
  }
  // What a text becomes is a text: the value keeps its type.
  return filled(value) as Value
}
