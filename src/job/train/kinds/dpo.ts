// Direct preference optimisation as a kind of training.
import { isGiven } from '../../../rl/formula.ts'
import { dpo, formulaOf } from '../../../rl/dpo.ts'
import { pairLosses, type PairLossRow } from '../../../rl/loss/pair.ts'
import { dpoPresets } from '../../../rl/presets.ts'
import { DpoRecipe } from '../../../rl/recipe.ts'
import type { Pair } from '../../../rl/record.ts'
import { promptLimit } from '../../open.ts'
import type { Kind } from '../kind.ts'
import { readHeldOutPairs } from '../pairs.ts'
import { ofPairs } from './pairs.ts'

/** Log-probs of the reference are taken before the first update, when the policy is what it is compared with. */
export const dpoKind: Kind<DpoRecipe, Pair> = {
  ...ofPairs,
  what: 'train a model on preferences: of each pair of answers the better one',
  head: 'language',
  schema: DpoRecipe,
  presets: dpoPresets,
  preset: 'trl',
  formula: formulaOf,
  noEffect(recipe, origins) {
    const row: PairLossRow = pairLosses[recipe.loss]
    const dead = [
      { key: 'labelSmoothing', when: !row.reads.includes('labelSmoothing'), because: `the loss is ${recipe.loss}` },
      { key: 'reference', when: recipe.loraRank === 0, because: 'loraRank is 0' },
    ]
    return dead.flatMap(({ key, when, because }) =>
      when && isGiven(origins[key]) ? [`${key} has no effect: ${because} (${origins[key]})`] : [],
    )
  },
  limits: ({ maxLength, maxCompletionLength, evalData }, language) => ({
    items: Math.min(maxLength ?? language.positions, language.positions),
    heldOut: evalData.length > 0 ? promptLimit(null, maxCompletionLength, language) : language.positions,
  }),
  open: async (recipe, language) => ({
    async on(pairs) {
      const limit = dpoKind.limits(recipe, language).items
      const heldOutPairs = await readHeldOutPairs(recipe.evalPairs, { ...language, limit }, recipe.evalRows)
      return { train: (context, start) => dpo({ ...context, pairs, heldOutPairs }, start) }
    },
    close() {},
  }),
}
