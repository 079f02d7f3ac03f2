// The settings of a command line: preset, file, variables and flags, or those of the run that is resumed.
import * as v from 'valibot'
import { configTable, type Resolved, resolveConfig, type Sources } from '../../shell/config.ts'
import { readConfigFile, type Tree } from '../../shell/config-file.ts'
import { HoneError } from '../../error.ts'
import { data } from '../../out.ts'
import { readRecord } from '../../rundir/run.ts'
import { readRun } from '../run-record.ts'
import { argument, file, say, text, toggle } from '../../text/setting.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { findKind, kinds, spellingsOf } from './kinds.ts'

/** The flags of every kind of training, beside its settings. */
export const TrainingFlags = v.object({
  config: argument(v.optional(file()), 'settings as .yaml, .toml or .json'),
  resume: say(v.optional(text('RUN')), 'go on with the run in this directory'),
  printConfig: say(toggle(), 'print each setting with where it comes from, and stop'),
})
export type TrainingFlags = v.InferOutput<typeof TrainingFlags>

/**
 * The settings of that kind, and the places that their values come from; `given` are flags. @throws HoneError for a run
 * of another kind.
 */
export function below(kind: string, { config: file, resume }: TrainingFlags, given: Tree) {
  const { schema, presets, preset } = findKind(kind)
  const sources: Sources =
    resume === undefined
      ? { presets, preset, file, env: process.env, flags: given }
      : { ...recorded(kind, resume), flags: given }
  return { schema, sources }
}

/** The settings asked for, or undefined where they were only to be printed. @throws HoneError as resolveConfig does. */
export function settingsOf(
  kind: string,
  flags: TrainingFlags,
  given: Tree,
): { settings: Resolved<CommonRecipe>; resume: string | undefined } | undefined {
  const { config, resume, printConfig } = flags
  if (config !== undefined && resume !== undefined)
    throw new HoneError('Cannot resume a run with another configuration file', {
      hint: 'leave the file out: the run keeps its own settings; single ones may be changed by flags',
    })
  const { schema, sources } = below(kind, flags, given)
  const settings = resolveConfig(schema, sources)
  if (printConfig) {
    for (const line of configTable(settings)) data(line)
    return undefined
  }
  return { settings, resume }
}

/** Settings as the run recorded them. Variables of the environment do not change them, flags do. */
function recorded(kind: string, directory: string): Sources {
  const record = readRun(directory)
  if (record.command !== kind)
    throw new HoneError(`Cannot resume "${directory}" with ${kind}: it is a run of ${record.command}`, {
      at: directory,
      hint: `hone ${record.command} --resume ${directory}`,
    })
  const { preset: _, ...settings } = record.settings
  return { presets: { [directory]: settings }, preset: directory }
}

/** The kind of training that is meant: the one that is named, that of the run, or else the one that alone knows most of what is given. */
export function kindOf(
  { config: file, resume, kind }: Pick<TrainingFlags, 'config' | 'resume'> & { kind?: string | undefined },
  given: Tree,
): string {
  if (kind !== undefined) return kind
  if (resume !== undefined) return readRecord(resume).command
  const said = { ...(file !== undefined && readConfigFile(file).values), ...given }
  const known = (name: string): Set<string> => {
    const { has } = spellingsOf(name)
    const preset = Object.hasOwn(kinds[name]!.presets, String(said['preset'])) ? ['its preset'] : []
    return new Set([...Object.keys(said).filter(has), ...preset])
  }
  const usual = known(USUAL)
  const alone = (name: string) => known(name).difference(usual).size
  return Object.keys(kinds).reduce((best, name) => (alone(name) > alone(best) ? name : best), USUAL)
}

/** What settings that say nothing else are taken for. */
const USUAL = 'train'
