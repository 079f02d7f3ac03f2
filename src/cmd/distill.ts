// hone distill: reasoning traces for rows from a teacher, kept where the reward accepts them.
import { distillCommand, DistillFlags } from '../job/teach/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'ask a teacher for reasoning, and keep what the reward accepts',
  flags: DistillFlags,
  run: distillCommand,
})
