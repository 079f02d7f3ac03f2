// hone train: reinforcement learning from rules, from a configuration to a run directory.
import { defineCommand } from 'citty'
import { trainPresets } from '../rl/presets.ts'
import { TrainRecipe } from '../rl/recipe.ts'
import { runTrain } from '../job/train/train-command.ts'
import { argumentsOf, settingsOf } from '../job/train/settings.ts'

export default defineCommand({
  meta: { description: 'train a model with rule-based reinforcement learning' },
  args: argumentsOf(TrainRecipe),
  async run({ args }) {
    const asked = settingsOf({ command: 'train', schema: TrainRecipe, presets: trainPresets, args })
    return asked && (await runTrain(asked.settings, asked.resume))
  },
})
