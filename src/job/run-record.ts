// The record of a run as other folders and other days find it: files by absolute paths, or where they lie beside the run.
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { promptForms } from '../dialogue/prompt.ts'
import { isRewardFile } from '../reward/scorer.ts'
import { readRecord, type RunRecord } from '../rundir/run.ts'

/** Which settings name files or folders, and which of their values do. */
const paths: Record<string, (value: string) => boolean> = {
  model: () => true,
  adapter: () => true,
  data: () => true,
  evalData: () => true,
  replay: () => true,
  prompt: (value) => !Object.hasOwn(promptForms, value),
  reward: isRewardFile,
  evalReward: isRewardFile,
}

/** The settings with absolute paths, so that a run is found again from any folder. */
export function absolute<Settings extends object>(settings: Settings): Settings {
  return withPaths(settings, (path) => resolve(path))
}

/** The record of the run in `directory`. A path that is gone is looked for where it lay beside the run. @throws HoneError where there is no run. */
export function readRun(directory: string): RunRecord {
  const record = readRecord(directory)
  const output = String(record.settings['output'] ?? directory)
  const settings = withPaths(record.settings, (path) => {
    const beside = resolve(directory, relative(output, path))
    return !existsSync(path) && existsSync(beside) ? beside : path
  })
  return { ...record, settings }
}

/** The files and folders that the settings name, by setting. */
export function pathsIn(settings: object): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [key, value] of Object.entries(settings))
    withPaths({ [key]: value }, (path) => ((found[key] ??= []).push(path), path))
  return found
}

function withPaths<Settings extends object>(settings: Settings, change: (path: string) => string): Settings {
  const changed = Object.entries(settings).map(([key, value]: [string, unknown]) => {
    const names = (each: unknown): each is string =>
      Object.hasOwn(paths, key) && typeof each === 'string' && each !== '-' && paths[key]!(each)
    const one = (each: unknown) => (names(each) ? change(each) : each)
    return [key, Array.isArray(value) ? value.map(one) : one(value)]
  })
  return Object.fromEntries(changed) as Settings
}
