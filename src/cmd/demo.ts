// hone demo: watch a small model learn to call tools.
import { below, demo, DemoFlags } from '../job/demo/demo.ts'
import { TrainRecipe } from '../rl/recipe.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'train a small model with GRPO and evaluate it before and after, or run a shipped study',
  group: 'program',
  examples: ['hone demo', 'hone demo --list', 'hone demo --permute-rewards --output runs/control'],
  flags: DemoFlags,
  settings: TrainRecipe,
  below,
  run: demo,
})
