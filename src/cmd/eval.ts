// hone eval: responses of a model, an endpoint or a file against a benchmark.
import { evaluate } from '../job/evaluate/evaluate.ts'
import { EvalFlags } from '../job/evaluate/flags.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'judge responses as a benchmark does: BFCL, API-Bank, ACEBench or your own rows',
  flags: EvalFlags,
  run: evaluate,
})
