// hone export: the model or adapter of a run, or a reward, for other programs.
import { defineCommand } from 'citty'
import { HoneError } from '../error.ts'
import { log } from '../out.ts'
import { exportReward } from '../job/export/export-reward.ts'
import { exportRun } from '../job/export/export-run.ts'

export default defineCommand({
  meta: { description: 'write the model of a run, or a reward as a file for another trainer' },
  args: {
    run: { type: 'positional', description: 'run directory', required: false },
    output: { type: 'string', alias: 'o', valueHint: 'PATH', description: 'folder or file to write', required: true },
    adapter: { type: 'boolean', description: 'write the PEFT adapter instead of the merged model' },
    reward: { type: 'string', description: 'write this reward instead of a model', valueHint: 'REWARD' },
    for: { type: 'enum', options: ['verl', 'trl'], description: 'trainer that the reward is written for' },
    mode: { type: 'enum', options: ['compat', 'strict'], description: 'of the reward' },
  },
  async run({ args }) {
    if (args.reward !== undefined) return exportReward(args.reward, args.for, args.mode ?? 'compat', args.output)
    if (args.run === undefined) throw new HoneError('Cannot export: name a run directory or --reward')
    const { output, step, what } = await exportRun(args.run, args.output, args.adapter ? 'adapter' : 'model')
    log(`wrote the ${what} after step ${step} to ${output}`)
  },
})
