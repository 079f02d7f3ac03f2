// hone export at work: the model or adapter of a run, or a reward, for other programs.
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { argument, folder, names, otherwise, say, text, toggle } from '../../text/setting.ts'
import { mode, rewardName } from '../flags.ts'
import { exportReward } from './export-reward.ts'
import { exportRun } from './export-run.ts'
import { trainers } from './shim.ts'

export const ExportFlags = v.object({
  run: argument(v.optional(folder()), 'run directory'),
  output: say(text('PATH'), 'folder or file to write', 'o'),
  adapter: say(toggle(), 'write the PEFT adapter instead of the merged model'),
  dtype: say(
    otherwise(v.picklist(['f32', 'bf16', 'f16']), "the run's"),
    'type of the weights: f32 is what was trained, the others round small updates away',
  ),
  base: say(v.optional(folder()), 'where the model lies now that the run began with'),
  reward: say(v.optional(rewardName()), 'write this reward instead of a model'),
  for: say(v.optional(names(trainers)), 'trainer that the reward is written for'),
  mode,
})

/** @throws HoneError where it is not told what to write, and for what cannot be written. */
export async function exportCommand(flags: v.InferOutput<typeof ExportFlags>): Promise<void> {
  if (flags.reward !== undefined) return exportReward(flags.reward, flags.for, flags.mode, flags.output)
  if (flags.run === undefined) throw new HoneError('Cannot export: name a run directory or --reward')
  const { output, step, what } = await exportRun(flags.run, flags.output, {
    what: flags.adapter ? 'adapter' : 'model',
    dtype: flags.dtype,
    base: flags.base,
  })
  log(`wrote the ${what} after step ${step} to ${output}`)
  if (what === 'model') next([['chat', output], 'talk to it'], [['serve', output], "serve it to OpenAI's clients"])
  else next([['infer', 'MODEL', '--adapter', output, '--input', 'rows.jsonl'], 'ask the model with it'])
}
