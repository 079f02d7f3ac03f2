// A model as it is named on a command line: a Hugging Face folder, a name on the Hub, or the run that trained it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../error.ts'
import { hubFolder, isHubName } from '../gpu/weights/hub.ts'
import type { FormatName } from '../dialogue/call.ts'
import { rewardFormat } from '../reward/scorer.ts'
import { isRun, pathsOf } from '../rundir/paths.ts'
import { readRun } from './run-record.ts'

export interface ModelFolder {
  model: string
  adapter: string | undefined
}

/** Model and adapter folder that `path` means. A finished run is what it trained, an adapter upon `base` where its model has moved. @throws HoneError for a run under way. */
export function modelFolder(path: string, adapter?: string, base?: string): ModelFolder {
  if (!isRun(path)) return { model: hubFolder(path), adapter }
  const { final } = pathsOf(path)
  if (!existsSync(final))
    throw new HoneError(`Cannot use the run in "${path}": it is not finished`, {
      at: path,
      hint: `hone export ${path} writes the model of its newest checkpoint`,
    })
  if (!existsSync(join(final, 'adapter_config.json'))) return { model: final, adapter }
  // The run may have gone on with the adapter of another run, whose base is then the model.
  const began = base ?? String(readRun(path).settings['model'])
  if (!existsSync(began) && !isHubName(began))
    throw new HoneError(`Cannot find the model that the run in "${path}" began with`, {
      at: began,
      hint: 'give its folder with --base, or with --model at a resume',
    })
  const { model } = modelFolder(began)
  return { model, adapter: adapter ?? final }
}

/** The call format that a run was rewarded for, which its model has learnt to write; undefined for other folders and other rewards. */
export function trainedFormat(path: string): FormatName | undefined {
  if (!isRun(path)) return undefined
  const { settings, origins } = readRun(path)
  const spec = settings['reward'] ?? (origins['evalReward'] === 'default' ? undefined : settings['evalReward'])
  return typeof spec === 'string' ? rewardFormat(spec) : undefined
}
