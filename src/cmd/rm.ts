// hone rm: a reward model of preferences, from a configuration to a run directory.
import { trainingCommand } from '../job/train/command.ts'
import { rmKind } from '../job/train/kinds/rm.ts'
import { below, TrainingFlags } from '../job/train/settings.ts'
import { command } from '../shell/command.ts'

export default command({
  description: rmKind.what,
  group: 'training',
  examples: ['hone rm rm.yaml', 'hone rm --model DIR --data pairs.jsonl --output runs/rm'],
  flags: TrainingFlags,
  settings: rmKind.schema,
  below: (flags, given) => below('rm', flags, given),
  run: (flags, given) => trainingCommand('rm', flags, given),
})
