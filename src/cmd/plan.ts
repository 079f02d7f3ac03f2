// hone plan: the steps, the memory and the loss of a run, before it is started.
import { AllSettings, planCommand, PlanFlags } from '../job/plan/command.ts'
import { below, kindOf } from '../job/train/settings.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'show what a run will do and need, and its loss in symbols',
  group: 'training',
  examples: ['hone plan train.yaml', 'hone plan train.yaml --preset dapo --group-size 8'],
  flags: PlanFlags,
  settings: AllSettings,
  below: (flags, given) => below(kindOf(flags, given), flags, given),
  run: planCommand,
})
