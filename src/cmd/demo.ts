// hone demo: watch a small model learn to call tools.
import { defineCommand } from 'citty'
import { log } from '../out.ts'
import { demo } from '../job/demo/demo.ts'
import { TrainRecipe } from '../rl/recipe.ts'
import { flagsOf } from '../shell/schema.ts'

export default defineCommand({
  meta: { description: 'train a small model with GRPO and evaluate it before and after' },
  args: {
    'more-sft': {
      type: 'boolean',
      description: 'control: spend the same compute on more fine-tuning on right answers',
    },
    ...flagsOf(TrainRecipe),
  },
  async run({ args }) {
    log('A model of 2.5 million parameters learns to call tools it has never seen: about 5 minutes on 2 cores.')
    const { 'more-sft': moreSft, output, ...flags } = args
    return await demo({ output: typeof output === 'string' ? output : 'runs/demo', moreSft: moreSft === true, flags })
  },
})
