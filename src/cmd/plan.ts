// hone plan: the steps, the memory and the loss of a training run, before it is started.
import { defineCommand } from 'citty'
import { data } from '../out.ts'
import { planLines, planOf } from '../rl/plan.ts'
import { trainPresets } from '../rl/presets.ts'
import { TrainRecipe } from '../rl/recipe.ts'
import { argumentsOf, settingsOf } from '../rl/settings.ts'
import { table } from '../table.ts'

export default defineCommand({
  meta: { description: 'show what a training run will do and need, and its loss in symbols' },
  args: {
    ...argumentsOf(TrainRecipe),
    format: { type: 'enum', options: ['text', 'json'], description: 'format of the plan [default: text]' },
  },
  async run({ args }) {
    const asked = settingsOf({ command: 'train', schema: TrainRecipe, presets: trainPresets, args })
    if (!asked) return
    const plan = await planOf(asked.settings)
    if (args.format === 'json') data(JSON.stringify(plan))
    else for (const line of table(planLines(plan))) data(line)
  },
})
