// hone lint: defects of tool-calling rows, and holes of rewards, each with a place, a reason and a hint.
import { LintFlags } from '../job/lint/flags.ts'
import { lintCommand } from '../job/lint/lint.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'find defects in rows, or holes in a reward',
  group: 'data',
  examples: ['hone lint rows.jsonl', 'hone lint rows.jsonl --fix', 'hone lint --reward ./reward.ts'],
  flags: LintFlags,
  run: lintCommand,
})
