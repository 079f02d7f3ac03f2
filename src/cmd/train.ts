// hone train: reinforcement learning from rules, from a configuration to a run directory.
import { trainingCommand } from '../job/train/command.ts'
import { trainKind } from '../job/train/kinds/train.ts'
import { below, TrainingFlags } from '../job/train/settings.ts'
import { command } from '../shell/command.ts'

export default command({
  description: trainKind.what,
  group: 'training',
  examples: [
    'hone train train.yaml',
    'hone train train.yaml --learning-rate 2e-6 --output runs/second',
    'hone train --resume runs/second',
  ],
  flags: TrainingFlags,
  settings: trainKind.schema,
  below: (flags, given) => below('train', flags, given),
  run: (flags, given) => trainingCommand('train', flags, given),
})
