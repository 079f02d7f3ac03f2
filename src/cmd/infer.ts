// hone infer: rows in; text, calls, ids and log-probs out.
import { inferCommand, InferFlags } from '../job/infer.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'complete rows: text, calls, ids and log-probs',
  group: 'use',
  examples: [
    'hone infer DIR --input rows.jsonl > answers.jsonl',
    'hone infer DIR --input rows.jsonl --temperature 1 --n 8',
  ],
  flags: InferFlags,
  run: inferCommand,
})
