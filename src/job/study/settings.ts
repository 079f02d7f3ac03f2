// The settings of a stage: those of the study that it has, its own, and what the study gives it.
import type * as v from 'valibot'
import { givenBy, type Resolved, resolveConfig } from '../../shell/config.ts'
import type { Tree } from '../../shell/config-file.ts'
import { plain, type Schema } from '../../shell/schema.ts'
import { spellings } from '../train/kinds.ts'
import type { Left, StageSettings } from './stage.ts'
import type { Study } from './study.ts'

export interface Given extends Partial<Left> {
  model: string
  output: string
  seed: number
}

/** @throws HoneError for a setting that the stage does not have or that has a wrong value */
export function settingsOf<S extends Schema>(
  study: Study,
  { schema, presets = {}, preset }: StageSettings<S>,
  settings: Tree,
  given: Given,
): Resolved<v.InferOutput<S>> {
  const { has } = spellings(schema)
  const shared = Object.entries(study.settings).filter(
    ([key, value]) => has(key) && !(plain(key) === 'preset' && !Object.hasOwn(presets, String(value))),
  )
  // Each by its own spelling: what a stage says of itself stands above what the study says of all.
  const said = (tree: Tree) => valuesOf(givenBy(schema, { presets: { [study.path]: tree }, preset: study.path }))
  const { preset: named = preset, ...own } = { ...said(Object.fromEntries(shared)), ...said(settings) }
  const base = named === undefined ? {} : valuesOf(givenBy(schema, { presets, preset: String(named) }))
  const { model, output, seed } = given
  const tree = { ...base, ...leftTo(own, has, given), ...own, model, output, seed }
  return resolveConfig(schema, { presets: { [study.path]: tree }, preset: study.path })
}

/** What stages before have left, where the stage has a use for it and names nothing of its own. */
function leftTo(own: Tree, has: (key: string) => boolean, { reward, rollouts, rows }: Partial<Left>): Tree {
  const rewarded = reward !== undefined && own['reward'] === undefined && has('reward') ? { reward } : {}
  if (own['data'] !== undefined) return rewarded
  if (rows !== undefined) return { ...rewarded, data: rows.file }
  return rollouts !== undefined && has('evalPairs')
    ? { ...rewarded, data: rollouts.learnt, evalPairs: rollouts.held }
    : rewarded
}

const valuesOf = (given: ReadonlyMap<string, { value: unknown }>): Tree =>
  Object.fromEntries([...given].map(([key, { value }]) => [key, value]))
