// A model as it is named on a command line: a Hugging Face folder, or the run that trained it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../error.ts'
import { isRun, pathsOf } from '../rundir/paths.ts'
import { readRun } from './run-record.ts'

export interface ModelFolder {
  model: string
  adapter: string | undefined
}

/** Model and adapter folder that `path` means. A finished run is what it trained. @throws HoneError for a run under way. */
export function modelFolder(path: string, adapter?: string): ModelFolder {
  if (!isRun(path)) return { model: path, adapter }
  const { final } = pathsOf(path)
  if (!existsSync(final))
    throw new HoneError(`Cannot use the run in "${path}": it is not finished`, {
      at: path,
      hint: `hone export ${path} writes the model of its newest checkpoint.`,
    })
  if (!existsSync(join(final, 'adapter_config.json'))) return { model: final, adapter }
  // The run may have gone on with the adapter of another run, whose base is then the model.
  const { model } = modelFolder(String(readRun(path).settings['model']))
  return { model, adapter: adapter ?? final }
}
