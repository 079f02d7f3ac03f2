// A run's newest checkpoint as a folder that others read: a merged model or a PEFT adapter.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { pathsOf } from '../../rundir/paths.ts'
import { readRun } from '../run-record.ts'
import { latestCheckpoint } from '../train/checkpoint.ts'
import { openTrained } from '../open.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { storedAs } from '../train/finish.ts'
import { findKind } from '../train/kinds.ts'

export interface Exported {
  output: string
  step: number
  what: 'model' | 'adapter'
}

/**
 * Write the model of the run in `directory` to `output`, which must be empty or absent.
 * @throws HoneError where the run has no checkpoint, or no adapter and one is wanted.
 */
export async function exportRun(
  directory: string,
  output: string,
  {
    what,
    dtype,
    base,
  }: { what: 'model' | 'adapter'; dtype?: CommonRecipe['dtype'] | undefined; base?: string | undefined },
): Promise<Exported> {
  const { command, settings, id } = readRun(directory)
  const { schema, head } = findKind(command, { at: directory })
  const recipe = v.parse(schema, {
    ...settings,
    ...(base !== undefined && { model: base }),
  })
  if (what === 'adapter' && recipe.loraRank === 0)
    throw new HoneError(`Cannot export an adapter of "${directory}": the run trained all weights`, {
      at: directory,
      hint: 'leave --adapter out to export the model',
    })
  if (existsSync(join(output, what === 'model' ? 'config.json' : 'adapter_config.json')))
    throw new HoneError(`Cannot export to "${output}": it holds a model already`, { at: output })
  const latest = latestCheckpoint(pathsOf(directory).checkpoints, id ?? '')
  if (!latest) throw new HoneError(`Cannot export "${directory}": it has no checkpoint yet`, { at: directory })
  const { policy } = await openTrained({ ...recipe, device: 'cpu' }, { reference: false, head })
  try {
    policy.restore(latest.checkpoint.policy)
    await policy.save(output, what, storedAs[dtype ?? recipe.dtype])
  } finally {
    policy.free()
  }
  return { output, step: latest.checkpoint.step, what }
}
