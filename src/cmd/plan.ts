// hone plan: the steps, the memory and the loss of a run, before it is started.
import { defineCommand } from 'citty'
import { data } from '../out.ts'
import { planLines, planSft, planTrain } from '../job/plan/plan.ts'
import { sftPresets, trainPresets } from '../rl/presets.ts'
import { SftRecipe, TrainRecipe } from '../rl/recipe.ts'
import { argumentsOf, commandOf, settingsOf } from '../job/train/settings.ts'
import { table } from '../shell/table.ts'

export default defineCommand({
  meta: { description: 'show what a run will do and need, and its loss in symbols' },
  args: {
    ...argumentsOf(SftRecipe),
    ...argumentsOf(TrainRecipe),
    format: { type: 'enum', options: ['text', 'json'], description: 'format of the plan [default: text]' },
  },
  async run({ args }) {
    const plan = commandOf(args) === 'sft' ? await sft(args) : await train(args)
    if (!plan) return
    if (args.format === 'json') data(JSON.stringify(plan))
    else for (const line of table(planLines(plan))) data(line)
  },
})

async function train(args: Record<string, unknown>) {
  const asked = settingsOf({ command: 'train', schema: TrainRecipe, presets: trainPresets, args })
  return asked && (await planTrain(asked.settings))
}

async function sft(args: Record<string, unknown>) {
  const asked = settingsOf({ command: 'sft', schema: SftRecipe, presets: sftPresets, args })
  return asked && (await planSft(asked.settings))
}
