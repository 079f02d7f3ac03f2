// hone eval: responses of a model, an endpoint or a file against a benchmark.
import { evaluate } from '../job/evaluate/evaluate.ts'
import { EvalFlags } from '../job/evaluate/flags.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'judge responses as a benchmark does: BFCL, API-Bank, ACEBench or your own rows',
  group: 'use',
  examples: [
    'hone eval --bench rows --data test.jsonl --model runs/first',
    'hone eval --bench bfcl --data DIR --model runs/first --report page.html --min accuracy=0.8',
    'hone eval --bench rows --data test.jsonl --model runs/first --reward exact --think-budget 32,64,128',
  ],
  flags: EvalFlags,
  run: evaluate,
})
