// What stays fixed while a batch is learnt from: log-probs of the sampler and of the reference, and the advantages.
import { cuts, type Law } from '../gpu/policy/law.ts'
import type { Group, Policy } from '../gpu/policy/policy.ts'
import { advantages } from './advantage.ts'
import { klEstimate } from './loss/kl.ts'
import { breathe, pack } from './pack.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Rollout, Weighted } from './record.ts'
import { saysNothing } from './rollout.ts'

/** The part of a group that is trained on. */
export interface Item {
  group: Group
  /** Per completion of the group. */
  advantages: number[]
  old: ArrayLike<number>[]
  reference: ArrayLike<number>[] | undefined
  /** Entropies under the weights that sampled, where a threshold needs them. */
  entropies: ArrayLike<number>[] | undefined
}

export interface FreezeContext {
  recipe: TrainRecipe
  /** What the rollouts were drawn by. */
  law: Law
  policy: Pick<Policy, 'forward'>
  onProgress?: (phase: string, done: number, total: number) => void
}

/** True where log-probs of the frozen first weights are needed. */
export function needsReference(recipe: TrainRecipe): boolean {
  return recipe.klCoefficient > 0
}

/** Log-probs that stay fixed during the updates: of the sampler, and of the reference. Dropped groups need none. */
export async function freeze(rollouts: readonly Rollout[], context: FreezeContext): Promise<(Item | undefined)[]> {
  const { recipe, law, policy } = context
  const wanted = rollouts.map((rollout) => recipe.zeroVariance === 'keep' || !saysNothing(rollout))
  const groups = rollouts.map(({ prompt, completions }) => ({
    prompt: prompt.ids,
    completions: completions.map(({ ids }) => ids),
  }))
  const entropy = recipe.topEntropyShare < 1
  const computed = computesOld(recipe, law)
  const items: (Item | undefined)[] = groups.map(() => undefined)
  let done = 0
  for (const batch of pack(groups, recipe.microBatchTokens, (g) => wanted[g]!)) {
    const some = batch.map((g) => groups[g]!)
    const old = computed ? policy.forward(some, { ...law, entropy }) : undefined
    const reference = needsReference(recipe) ? policy.forward(some, { ...law, reference: true }) : undefined
    batch.forEach((g, k) => {
      items[g] = {
        group: groups[g]!,
        advantages: [],
        old: old?.logprobs[k] ?? rollouts[g]!.completions.map(({ logprobs }) => logprobs),
        reference: reference?.logprobs[k],
        entropies: old?.entropies?.[k],
      }
    })
    context.onProgress?.('reference', (done += batch.length), rollouts.length)
    await breathe()
  }
  return items
}

/** Advantages from rewards, the divergence charged to them where the recipe says so, in float64. */
export function weigh(
  rollouts: readonly Rollout[],
  items: readonly (Item | undefined)[],
  recipe: TrainRecipe,
): Weighted[] {
  const rewards = rollouts.map((rollout, g) => {
    const item = items[g]
    if (recipe.klIn === 'loss' || !item?.reference) return rollout.rewards
    return rollout.rewards.map((reward, i) => reward - recipe.klCoefficient * divergence(item, i, recipe))
  })
  const lengths = rollouts.map(({ completions }) => completions.map(({ ids }) => ids.length))
  const estimated = advantages[recipe.advantage].compute(
    { rewards, lengths },
    { epsilon: recipe.advantageEpsilon, scale: recipe.scaleRewards },
  )
  return rollouts.map((rollout, g) => ({
    ...rollout,
    advantages: estimated[g]!,
    live: recipe.zeroVariance === 'keep' || !saysNothing(rollout),
  }))
}

/** Old log-probs are those recorded by the sampler unless it cut the distribution: then the ratio would be biased. */
export function computesOld({ oldLogprobs, topEntropyShare }: TrainRecipe, law: Law): boolean {
  return oldLogprobs === 'computed' || (oldLogprobs === 'auto' && cuts(law)) || topEntropyShare < 1
}

/** Sum over tokens of the estimate between the sampling weights and the reference, for one completion. */
function divergence({ old, reference }: Item, i: number, recipe: TrainRecipe): number {
  let sum = 0
  for (let t = 0; t < old[i]!.length; t++)
    sum += klEstimate(recipe.klEstimator, old[i]![t]! - reference![i]![t]!, recipe.klClamp ?? Infinity).value
  return sum
}
