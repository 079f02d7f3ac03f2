// hone verify: the engine against a folder of reference numbers.
import { verifyCommand, VerifyFlags } from '../job/verify/command.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'compare the engine with reference numbers: logits, gradients, weights after updates, greedy ids',
  group: 'use',
  examples: ['hone verify DIR'],
  flags: VerifyFlags,
  run: verifyCommand,
})
