// hone sft: supervised fine-tuning, from a configuration to a run directory.
import { trainingCommand } from '../job/train/command.ts'
import { sftKind } from '../job/train/kinds/sft.ts'
import { below, TrainingFlags } from '../job/train/settings.ts'
import { command } from '../shell/command.ts'

export default command({
  description: sftKind.what,
  group: 'training',
  examples: ['hone sft sft.yaml', 'hone sft --model DIR --data rows.jsonl --output runs/sft --prompt native'],
  flags: TrainingFlags,
  settings: sftKind.schema,
  below: (flags, given) => below('sft', flags, given),
  run: (flags, given) => trainingCommand('sft', flags, given),
})
