// hone export: the model or adapter of a run, for other programs.
import { defineCommand } from 'citty'
import { log } from '../out.ts'
import { exportRun } from '../rl/export.ts'

export default defineCommand({
  meta: { description: 'write the model of a run: merged weights, or the adapter alone' },
  args: {
    run: { type: 'positional', description: 'run directory', required: true },
    output: { type: 'string', alias: 'o', valueHint: 'DIR', description: 'folder to write', required: true },
    adapter: { type: 'boolean', description: 'write the PEFT adapter instead of the merged model' },
  },
  async run({ args }) {
    const { output, step, what } = await exportRun(args.run, args.output, args.adapter ? 'adapter' : 'model')
    log(`wrote the ${what} after step ${step} to ${output}`)
  },
})
