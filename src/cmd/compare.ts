// hone compare: two evaluations of the same rows, and what changed from the first to the second.
import { compareCommand, CompareFlags } from '../job/compare.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'compare two evaluations row by row: difference with interval, and the rows that changed',
  group: 'use',
  examples: ['hone compare before.jsonl after.jsonl', 'hone compare runs/sft runs/grpo'],
  flags: CompareFlags,
  run: compareCommand,
})
