// hone dpo: direct preference optimisation, from a configuration to a run directory.
import { trainingCommand } from '../job/train/command.ts'
import { dpoKind } from '../job/train/kinds/dpo.ts'
import { below, TrainingFlags } from '../job/train/settings.ts'
import { command } from '../shell/command.ts'

export default command({
  description: dpoKind.what,
  group: 'training',
  examples: ['hone dpo dpo.yaml', 'hone dpo --model DIR --data pairs.jsonl --output runs/dpo'],
  flags: TrainingFlags,
  settings: dpoKind.schema,
  below: (flags, given) => below('dpo', flags, given),
  run: (flags, given) => trainingCommand('dpo', flags, given),
})
