// hone train: reinforcement learning from rules, from a configuration to a run directory.
import { defineCommand } from 'citty'
import { trainingCommand } from '../job/train/command.ts'
import { trainKind } from '../job/train/kinds/train.ts'
import { argumentsOf } from '../job/train/settings.ts'

export default defineCommand({
  meta: { description: trainKind.what },
  args: argumentsOf('train'),
  run: ({ args }) => trainingCommand('train', args),
})
