// A reward model as a kind of training.
import type { Scorer } from '../../../gpu/policy/scorer.ts'
import type { RunContext } from '../../../rl/loop.ts'
import { rmPresets } from '../../../rl/presets.ts'
import { RmRecipe } from '../../../rl/recipe.ts'
import type { Pair } from '../../../rl/record.ts'
import { formulaOf, rm } from '../../../rl/rm.ts'
import type { Kind } from '../kind.ts'
import { readHeldOutPairs } from '../pairs.ts'
import { ofPairs } from './pairs.ts'

export const rmKind: Kind<RmRecipe, Pair, RunContext & { policy: Scorer }> = {
  ...ofPairs,
  what: 'train a reward model on preferences: the better answer of a pair scores higher',
  head: 'scalar',
  schema: RmRecipe,
  presets: rmPresets,
  preset: 'trl',
  formula: formulaOf,
  noEffect: () => [],
  limits({ maxLength }, { positions }) {
    const limit = Math.min(maxLength ?? positions, positions)
    return { items: limit, heldOut: limit }
  },
  open: async (recipe, language) => ({
    async on(pairs) {
      const limit = rmKind.limits(recipe, language).heldOut
      const heldOut = await readHeldOutPairs(recipe.evalData, { ...language, limit }, recipe.evalRows)
      return { train: (context, start) => rm({ ...context, pairs, heldOut }, start) }
    },
    close() {},
  }),
}
