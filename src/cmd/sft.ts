// hone sft: supervised fine-tuning, from a configuration to a run directory.
import { defineCommand } from 'citty'
import { trainingCommand } from '../job/train/command.ts'
import { sftKind } from '../job/train/kinds/sft.ts'
import { argumentsOf } from '../job/train/settings.ts'

export default defineCommand({
  meta: { description: sftKind.what },
  args: argumentsOf('sft'),
  run: ({ args }) => trainingCommand('sft', args),
})
