// The settings of a stage: those of the study that its kind has, its own, and what the study gives it.
import type { CommonRecipe } from '../../rl/recipe.ts'
import { givenBy, type Resolved, resolveConfig } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import { plain } from '../../shell/schema.ts'
import { findKind, spellingsOf } from '../train/kinds.ts'
import type { Stage, Study } from './file.ts'

export interface Given {
  model: string
  output: string
  seed: number
  /** The reward model of a stage before, where no reward is named. */
  reward?: string | undefined
  /** Completions of a stage before, for a stage that learns from pairs and names none. */
  rollouts?: Rollouts | undefined
}

/** Files of rollouts, and others of the same run that are held out. */
export interface Rollouts {
  learnt: string[]
  held: string[]
}

/** @throws HoneError for a setting that the kind does not have or that has a wrong value */
export function settingsOf(study: Study, { kind, settings }: Stage, given: Given): Resolved<CommonRecipe> {
  const { schema, presets, preset } = findKind(kind)
  const { has } = spellingsOf(kind)
  const shared = Object.entries(study.settings).filter(
    ([key, value]) => has(key) && !(plain(key) === 'preset' && !Object.hasOwn(presets, String(value))),
  )
  // Each by its own spelling: what a stage says of itself stands above what the study says of all.
  const said = (tree: Tree) => valuesOf(givenBy(schema, { presets: { [study.path]: tree }, preset: study.path }))
  const { preset: named = preset, ...own } = { ...said(Object.fromEntries(shared)), ...said(settings) }
  const base = valuesOf(givenBy(schema, { presets, preset: String(named) }))
  const reward =
    given.reward !== undefined && own['reward'] === undefined && has('reward') ? { reward: given.reward } : {}
  const pairs =
    given.rollouts !== undefined && own['data'] === undefined && has('evalPairs')
      ? { data: given.rollouts.learnt, evalPairs: given.rollouts.held }
      : {}
  const { model, output, seed } = given
  const tree = { ...base, ...pairs, ...own, ...reward, model, output, seed }
  return resolveConfig(schema, { presets: { [study.path]: tree }, preset: study.path })
}

const valuesOf = (given: ReadonlyMap<string, { value: unknown }>): Tree =>
  Object.fromEntries([...given].map(([key, { value }]) => [key, value]))
