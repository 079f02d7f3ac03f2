// Fine-tuning as a kind of training.
import { sftPresets } from '../../../rl/presets.ts'
import { SftRecipe } from '../../../rl/recipe.ts'
import { type Example, FORMULA, sft, tokensOf } from '../../../rl/sft.ts'
import { promptLimit } from '../../open.ts'
import type { Kind } from '../kind.ts'
import { readExamples } from '../rows.ts'
import { planBatches } from './supervised.ts'

export const sftKind: Kind<SftRecipe, Example> = {
  what: 'fine-tune a model on right answers',
  head: 'language',
  schema: SftRecipe,
  presets: sftPresets,
  preset: 'tool-n1',
  formula: () => [FORMULA],
  noEffect: () => [],
  reward: () => undefined,
  needsReference: () => false,
  limits: ({ maxLength, maxCompletionLength, evalData }, language) => ({
    items: Math.min(maxLength ?? language.positions, language.positions),
    // Nothing is completed where nothing is held out.
    heldOut: evalData.length > 0 ? promptLimit(null, maxCompletionLength, language) : language.positions,
  }),
  items: 'rows',
  room: 'raise --max-length where the model allows it',
  read: readExamples,
  tokensOf,
  plan: planBatches,
  open: async () => ({
    on: async (examples) => ({ train: (context, start) => sft({ ...context, examples }, start) }),
    close() {},
  }),
}
