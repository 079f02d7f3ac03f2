// From rewards to advantages, in float64, the divergence from the reference charged to rewards where the recipe says so.
import { sum } from '../eval/statistics.ts'
import { advantages } from './advantage.ts'
import { klEstimate } from './loss/kl.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Frozen, Judged, Weighted } from './record.ts'
import { gather, trainedTokens } from './trained.ts'

/** Every completion with its advantage, those of rollouts that are not live too: some estimators look at the whole batch. */
export function weigh(rollouts: readonly Judged<Frozen>[], recipe: TrainRecipe): Judged<Weighted>[] {
  const charged = recipe.klIn === 'reward'
  const rewards = rollouts.map(({ completions }) =>
    completions.map((each) => (charged ? each.reward - recipe.klCoefficient * divergence(each, recipe) : each.reward)),
  )
  const lengths = rollouts.map(({ completions }) => completions.map(trainedTokens))
  const estimated = advantages[recipe.advantage].compute({ rewards, lengths }, recipe)
  return rollouts.map((each, g) => ({
    ...each,
    completions: each.completions.map((completion, i) => ({ ...completion, advantage: estimated[g]![i]! })),
  }))
}

/** Sum over own tokens of the estimate between the weights that sampled and the reference; 0 without one. */
function divergence(completion: Frozen, { klEstimator, klClamp }: TrainRecipe): number {
  if (!completion.reference) return 0
  const [old, reference] = [gather(completion.old, completion), gather(completion.reference, completion)]
  return sum(Array.from(old, (value, t) => klEstimate(klEstimator, value - reference[t]!, klClamp).value))
}
