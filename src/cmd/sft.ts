// hone sft: supervised fine-tuning, from a configuration to a run directory.
import { defineCommand } from 'citty'
import { sftPresets } from '../rl/presets.ts'
import { SftRecipe } from '../rl/recipe.ts'
import { runSft } from '../job/train/sft-command.ts'
import { argumentsOf, settingsOf } from '../job/train/settings.ts'

export default defineCommand({
  meta: { description: 'fine-tune a model on right answers' },
  args: argumentsOf(SftRecipe),
  async run({ args }) {
    const asked = settingsOf({ command: 'sft', schema: SftRecipe, presets: sftPresets, args })
    return asked && (await runSft(asked.settings, asked.resume))
  },
})
