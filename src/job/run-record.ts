// The record of a run as other folders and other days find it: files by absolute paths, or where they lie beside the run.
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { isHubName } from '../gpu/weights/hub.ts'
import { promptForms } from '../dialogue/prompt.ts'
import { rewardModel } from '../reward/model.ts'
import { isRewardFile } from '../reward/scorer.ts'
import { readRecord, type RunRecord } from '../rundir/run.ts'
import { isHintFile } from './teach/hints.ts'

/** Which settings name files or folders, and the path in each of their values that is one. */
const paths: Record<string, (value: string) => string | undefined> = {
  model: folderPath,
  adapter: (value) => value,
  criticModel: folderPath,
  data: (value) => value,
  evalData: (value) => value,
  evalPairs: (value) => value,
  replay: (value) => value,
  pairs: (value) => value,
  hints: (value) => (isHintFile(value) ? value : undefined),
  prompt: (value) => (Object.hasOwn(promptForms, value) ? undefined : value),
  reward: rewardPath,
  evalReward: rewardPath,
}

/** A model may be a folder, or one of the Hub. */
function folderPath(value: string): string | undefined {
  return isHubName(value) ? undefined : value
}

/** A reward may be a file, or a model in a folder. */
function rewardPath(spec: string): string | undefined {
  return rewardModel(spec) ?? (isRewardFile(spec) ? spec : undefined)
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
    const pathIn = (each: string) => (Object.hasOwn(paths, key) && each !== '-' ? paths[key]!(each) : undefined)
    const one = (each: unknown) => {
      const path = typeof each === 'string' ? pathIn(each) : undefined
      // What stands before it says what it is.
      return path === undefined ? each : String(each).slice(0, -path.length) + change(path)
    }
    return [key, Array.isArray(value) ? value.map(one) : one(value)]
  })
  return Object.fromEntries(changed) as Settings
}
