// hone export at work: the model or adapter of a run, or a reward, for other programs.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { ggufTypes } from '../../gpu/weights/gguf/types.ts'
import { log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { argument, folder, names, otherwise, say, text, toggle, kebab } from '../../text/setting.ts'
import { mode, rewardName } from '../flags.ts'
import { TrainRecipe } from '../../rl/recipe.ts'
import { resolveConfig } from '../../shell/config.ts'
import { below } from '../train/settings.ts'
import { exportReward } from './export-reward.ts'
import { exportModel } from './export-run.ts'
import { trainers } from './shim.ts'
import { bytesIn, fileSize } from './size.ts'
import { exportVerlJob } from './verl/job.ts'

export const ExportFlags = v.object({
  run: argument(
    v.optional(folder()),
    'run directory, the folder or Hub name of a model, or with --for verl a configuration of hone train',
  ),
  output: say(text('PATH'), 'folder or file to write', 'o'),
  adapter: say(toggle(), 'write the PEFT adapter instead of the merged model'),
  dtype: say(
    otherwise(v.picklist(['f32', 'bf16', 'f16']), "the run's"),
    'type of the weights: f32 is what was trained, the others round small updates away',
  ),
  gguf: say(
    v.optional(names(ggufTypes)),
    'write one GGUF file for llama.cpp, Ollama and LM Studio, matrices in this type',
  ),
  maxShardSize: say(v.optional(fileSize()), 'write the weights in files of at most this size, such as 5GB or 500MB'),
  base: say(v.optional(folder()), 'where the model lies now that the run began with'),
  reward: say(v.optional(rewardName()), 'write this reward instead of a model'),
  for: say(v.optional(names(trainers)), 'trainer that the reward, or the whole run, is written for'),
  mode,
})

/** @throws HoneError where it is not told what to write, and for what cannot be written. */
export async function exportCommand(flags: v.InferOutput<typeof ExportFlags>): Promise<void> {
  if (flags.reward !== undefined) return exportReward(flags.reward, flags.for, flags.mode, flags.output)
  if (flags.run === undefined) throw new HoneError('Cannot export: name a run directory or --reward')
  if (flags.for !== undefined) return await exportJob(flags.for, flags.run, flags.output)
  const odd = flags.gguf && (['adapter', 'dtype', 'maxShardSize'] as const).find((name) => flags[name])
  if (odd) throw new HoneError(`Cannot export: --gguf and --${kebab(odd)} do not go together`)
  const { adapter, dtype, base, gguf, maxShardSize } = flags
  const shardBytes = maxShardSize === undefined ? undefined : bytesIn(maxShardSize)
  const what = await exportModel(flags.run, flags.output, { adapter, dtype, base, gguf, shardBytes })
  log(`wrote ${what} to ${flags.output}`)
  if (gguf) return
  if (adapter) next([['infer', 'MODEL', '--adapter', flags.output, '--input', 'rows.jsonl'], 'ask the model with it'])
  else next([['chat', flags.output], 'talk to it'], [['serve', flags.output], "serve it to OpenAI's clients"])
}

/** The run that a configuration describes, for a trainer of many machines. */
async function exportJob(trainer: string, config: string, folder: string): Promise<void> {
  if (trainer !== 'verl')
    throw new HoneError(`Cannot export a run for ${trainer}: there is verl`, {
      hint: `for ${trainer} there is --reward`,
    })
  const { schema, sources } = below('train', { config, printConfig: false }, {})
  const { value } = resolveConfig(schema, sources)
  await exportVerlJob(v.parse(TrainRecipe, value), folder)
}
