// What stays fixed while a batch is learnt from: log-probs of the weights that sampled and of the reference.
import type { Hold } from '../dialogue/hold.ts'
import { cuts, type Law } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Scorer } from '../gpu/policy/scorer.ts'
import { isAnswered } from './environment-settings.ts'
import { masksOf } from './held.ts'
import { eachPack, packRollouts } from './pack.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Frozen, Judged, Scored } from './record.ts'

export interface FreezeContext {
  recipe: TrainRecipe
  /** What the rollouts were drawn by. */
  law: Law
  policy: Pick<Policy, 'lengths' | 'devices' | 'forward'>
  /** What the rollouts were held to. */
  hold?: Hold | undefined
  /** Says what each token is worth, where the advantage asks for it. */
  critic?: Pick<Scorer, 'values'> | undefined
  onProgress?: (phase: string, done: number, total: number) => void
}

/** True where log-probs of the frozen first weights are needed. */
export function needsReference(recipe: TrainRecipe): boolean {
  return recipe.klCoefficient > 0
}

/** Rollouts that are not live need no pass of the engine: theirs are the log-probs of the sampler, without a reference. */
export async function freeze(rollouts: readonly Judged[], context: FreezeContext): Promise<Judged<Frozen>[]> {
  const { recipe, law, policy, hold, critic } = context
  const computed = computesOld(recipe, law)
  const live = rollouts.filter((each) => each.live)
  const frozen = new Map<Scored, Frozen>()
  const all = live.reduce((sum, { completions }) => sum + completions.length, 0)
  await eachPack(packRollouts(live, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    const within = { ...law, masks: masksOf(items, hold) }
    const old = computed ? await policy.forward(groups, within) : undefined
    const reference = needsReference(recipe) ? await policy.forward(groups, { ...within, reference: true }) : undefined
    const values = await critic?.values(groups)
    items.forEach(({ completions }, g) =>
      completions.forEach((completion, i) =>
        frozen.set(completion, {
          ...completion,
          old: old?.logprobs[g]![i]! ?? completion.logprobs,
          reference: reference?.logprobs[g]![i],
          ...(values && { values: values[g]![i]! }),
        }),
      ),
    )
    context.onProgress?.('reference', frozen.size, all)
  })
  return rollouts.map((each) => ({
    ...each,
    completions: each.completions.map((completion) => frozen.get(completion) ?? asSampled(completion)),
  }))
}

/**
 * Old log-probs are those recorded by the sampler unless it cut the distribution: then the ratio would be biased. Beside an
 * environment its time decides what is sampled together, and so their last bits: computed ones do not depend on that.
 */
export function computesOld(recipe: TrainRecipe, law: Law): boolean {
  const { oldLogprobs, importanceCorrection } = recipe
  // What the sampler gave is weighed against what the trainer finds.
  if (importanceCorrection !== 'none') return true
  return oldLogprobs === 'computed' || (oldLogprobs === 'auto' && (cuts(law) || isAnswered(recipe)))
}

function asSampled(completion: Judged['completions'][number]): Frozen {
  return { ...completion, old: completion.logprobs, reference: undefined }
}
