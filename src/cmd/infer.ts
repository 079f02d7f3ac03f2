// hone infer: rows in; text, calls, ids and log-probs out.
import { inferCommand, InferFlags } from '../job/infer.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'complete rows: text, calls, ids and log-probs',
  flags: InferFlags,
  run: inferCommand,
})
