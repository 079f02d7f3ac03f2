// A model as other programs read it: that of a run's newest checkpoint, or a folder's, as a folder, a PEFT adapter or a GGUF file.
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { openDevice } from '../../gpu/device/open.ts'
import { loadConfig } from '../../gpu/weights/hf.ts'
import { saveGguf } from '../../gpu/weights/gguf/model.ts'
import type { GgufType } from '../../gpu/weights/gguf/types.ts'
import { type ModelSource, openWeights, saveModel } from '../../gpu/weights/weights.ts'
import { cardOf } from '../../rundir/card.ts'
import { isRun, pathsOf } from '../../rundir/paths.ts'
import { readEvents } from '../../rundir/run.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { modelFolder } from '../model-folder.ts'
import { openTrained } from '../open.ts'
import { readRun } from '../run-record.ts'
import { latestCheckpoint } from '../train/checkpoint.ts'
import { storedAs } from '../train/finish.ts'
import { findKind } from '../train/kinds.ts'

export interface ExportOptions {
  adapter: boolean
  /** Of the weights of a folder; the run's where it is not given. */
  dtype?: CommonRecipe['saveDtype'] | undefined
  /** Where the model lies now that a run began with. */
  base?: string | undefined
  /** Bytes of a file of weights at most. */
  shardBytes?: number | undefined
  /** One GGUF file in place of a folder, its matrices in that type. */
  gguf?: GgufType | undefined
}

/** Write the model of a run, of a folder or of the Hub's cache; what was written, for people. @throws HoneError for what is not there or cannot be written. */
export async function exportModel(path: string, output: string, options: ExportOptions): Promise<string> {
  const name = options.gguf ? output : join(output, options.adapter ? 'adapter_config.json' : 'config.json')
  if (existsSync(name)) throw new HoneError(`Cannot export to "${output}": it holds a model already`, { at: output })
  return isRun(path) ? exportRun(path, output, options) : exportFolder(path, output, options)
}

async function exportRun(directory: string, output: string, options: ExportOptions): Promise<string> {
  const { adapter, base, gguf } = options
  const record = readRun(directory)
  const { schema, head, formula } = findKind(record.command, { at: directory })
  const recipe = v.parse(schema, { ...record.settings, ...(base !== undefined && { model: base }) })
  if (adapter && recipe.loraRank === 0)
    throw new HoneError(`Cannot export an adapter of "${directory}": the run trained all weights`, {
      at: directory,
      hint: 'leave --adapter out to export the model',
    })
  const paths = pathsOf(directory)
  const latest = latestCheckpoint(paths.checkpoints, record.id ?? '')
  if (!latest) throw new HoneError(`Cannot export "${directory}": it has no checkpoint yet`, { at: directory })
  const { step } = latest.checkpoint
  const { policy } = openTrained(recipe, { reference: false, head }, await openDevice('cpu'))
  try {
    policy.restore(latest.checkpoint.policy)
    if (adapter) await policy.save(output, 'adapter')
    else write(policy.source, output, resolve(directory), options, options.dtype ?? recipe.saveDtype)
  } finally {
    policy.free()
  }
  if (!gguf) {
    const events = readEvents(paths.events).filter((event) => !('step' in event) || event.step <= step)
    const card = {
      run: { directory: resolve(directory), record },
      events,
      what: adapter ? 'adapter' : 'model',
    } as const
    writeFileAtomic(join(output, 'README.md'), cardOf({ ...card, formula: formula(recipe) }))
  }
  return `the ${adapter ? 'adapter' : 'model'} after step ${step}`
}

function exportFolder(path: string, output: string, options: ExportOptions): string {
  const { model } = modelFolder(path)
  if (options.adapter) throw new HoneError(`Cannot export an adapter of "${path}": it is no run`, { at: model })
  const weights = openWeights(model, loadConfig(model, 'language').head)
  try {
    const source = { from: model, config: weights.config, read: ({ name }: { name: string }) => weights.read(name) }
    write(source, output, path, options, options.dtype ?? 'f32')
  } finally {
    weights.close()
  }
  return 'the model'
}

function write(
  source: ModelSource,
  output: string,
  name: string,
  { gguf, shardBytes }: ExportOptions,
  dtype: CommonRecipe['saveDtype'],
): void {
  if (gguf) saveGguf(output, source, { name: basename(name), type: gguf })
  else saveModel(output, { ...source, type: storedAs[dtype], shardBytes })
}
