// A reward model as a kind of training.
import type { Scorer } from '../../../gpu/policy/scorer.ts'
import type { RunContext } from '../../../rl/loop.ts'
import { tokensOf } from '../../../rl/pair.ts'
import { rmPresets } from '../../../rl/presets.ts'
import { RmRecipe } from '../../../rl/recipe.ts'
import type { Pair } from '../../../rl/record.ts'
import { formulaOf, rm, stepsOf } from '../../../rl/rm.ts'
import type { Kind } from '../kind.ts'
import { readHeldOutPairs, readPairs } from '../pairs.ts'

export const rmKind: Kind<RmRecipe, Pair, RunContext & { policy: Scorer }> = {
  what: 'train a reward model on preferences: the better answer of a pair scores higher',
  head: 'scalar',
  schema: RmRecipe,
  presets: rmPresets,
  preset: 'trl',
  formula: formulaOf,
  noEffect: () => [],
  reward: () => undefined,
  needsReference: () => false,
  limits({ maxLength }, { positions }) {
    const limit = Math.min(maxLength ?? positions, positions)
    return { items: limit, heldOut: limit }
  },
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
      const limit = rmKind.limits(recipe, language).heldOut
      const heldOut = await readHeldOutPairs(recipe.evalData, { ...language, limit }, recipe.evalRows)
      return { train: (context, start) => rm({ ...context, pairs, heldOut }, start) }
    },
    close() {},
  }),
}
