// Direct preference optimisation as a kind of training.
import { isGiven } from '../../../rl/formula.ts'
import { dpo, formulaOf, stepsOf } from '../../../rl/dpo.ts'
import { pairLosses, type PairLossRow } from '../../../rl/loss/pair.ts'
import { tokensOf } from '../../../rl/pair.ts'
import { dpoPresets } from '../../../rl/presets.ts'
import { DpoRecipe } from '../../../rl/recipe.ts'
import type { Pair } from '../../../rl/record.ts'
import { promptLimit } from '../../open.ts'
import type { Kind } from '../kind.ts'
import { readHeldOutPairs, readPairs } from '../pairs.ts'

export const dpoKind: Kind<DpoRecipe, Pair> = {
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
  reward: () => undefined,
  // Taken before the first update, when the policy is what it is compared with.
  needsReference: () => false,
  limits: ({ maxLength, maxCompletionLength, evalData }, language) => ({
    items: Math.min(maxLength ?? language.positions, language.positions),
    heldOut: evalData.length > 0 ? promptLimit(null, maxCompletionLength, language) : language.positions,
  }),
  items: 'pairs',
  room: 'raise --max-length where the model allows it',
  read: readPairs,
  tokensOf,
  plan: (recipe, { count, maxTokens }) => ({
    steps: stepsOf(recipe, count),
    itemsPerStep: recipe.batchSize,
    optimizerStepsPerStep: 1,
    completionsPerStep: 0,
    cached: 0,
    micro: Math.max(recipe.microBatchTokens, maxTokens),
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
