// hone distill: reasoning traces for rows from a teacher, kept where the reward accepts them.
import { distillCommand, DistillFlags } from '../job/teach/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'ask a teacher for reasoning, and keep what the reward accepts',
  group: 'data',
  examples: [
    'hone distill rows.jsonl --endpoint http://localhost:8000/v1 --api-model NAME -o reasoned.jsonl',
    'hone distill rows.jsonl --model DIR --keep pairs -o pairs.jsonl',
    'hone distill rows.jsonl --model DIR --hints reflection,verification -o hinted.jsonl',
  ],
  flags: DistillFlags,
  run: distillCommand,
})
