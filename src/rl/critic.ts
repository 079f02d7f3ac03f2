// A critic beside the policy: it learns the returns of a batch, by the same mini-batches.
import type { UpdateOptions } from '../gpu/policy/policy.ts'
import type { Scorer } from '../gpu/policy/scorer.ts'
import type { Metrics } from '../rundir/event.ts'
import { valueLoss } from './loss/value.ts'
import { eachPack, packRollouts } from './pack.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Judged, Weighted } from './record.ts'
import { requireFinite } from './sound.ts'
import { gather, scatter, trainedTokens } from './trained.ts'

export interface CriticContext {
  recipe: Pick<TrainRecipe, 'clipValue' | 'microBatchTokens'>
  critic: Pick<
    Scorer,
    'lengths' | 'devices' | 'accumulate' | 'update' | 'unsound' | 'unsoundGradient' | 'clearGradients'
  >
  /** Counted from 0. */
  step: number
}

/** Loss, tokens, tokens that the bound decided, and the norm of the gradient, of one update. */
export interface CriticUpdate {
  loss: number
  tokens: number
  clipped: number
  gradNorm: number
}

/** One update on a mini-batch: the mean over all its own tokens, however it is cut into micro-batches. */
export async function learnValues(
  rollouts: readonly Judged<Weighted>[],
  context: CriticContext,
  options: UpdateOptions,
): Promise<CriticUpdate> {
  const { critic, step } = context
  const { loss, tokens, clipped } = await accumulateValues(rollouts, context)
  if (tokens === 0) return { loss, tokens, clipped, gradNorm: 0 }
  const { gradNorm, scaling } = await critic.update(options)
  // Left out, so that it changed nothing.
  if (scaling?.skipped) return { loss, tokens, clipped, gradNorm: 0 }
  await requireFinite(gradNorm, critic, step, {
    items: rollouts,
    rowOf: ({ prompt }) => prompt.row.id,
    again: (rollout) => accumulateValues([rollout], context),
  })
  return { loss, tokens, clipped, gradNorm }
}

/** Forward and backward of a mini-batch. */
export async function accumulateValues(
  rollouts: readonly Judged<Weighted>[],
  { critic, recipe }: Pick<CriticContext, 'recipe'> & { critic: Pick<Scorer, 'lengths' | 'devices' | 'accumulate'> },
): Promise<Omit<CriticUpdate, 'gradNorm'>> {
  const live = rollouts.filter((each) => each.live)
  const tokens = live.reduce(
    (sum, { completions }) => completions.reduce((all, each) => all + trainedTokens(each), sum),
    0,
  )
  const found = { loss: 0, tokens, clipped: 0 }
  await eachPack(packRollouts(live, recipe.microBatchTokens, critic), critic, ({ items, groups }) =>
    critic.accumulate(groups, (values) =>
      items.map(({ completions }, g) =>
        completions.map((each, i) => {
          const of = { values: gather(values[g]![i]!, each), old: gather(each.values!, each), returns: each.returns! }
          const { loss, slopes, clipped } = valueLoss(of, recipe.clipValue, 1 / tokens)
          found.loss += loss
          found.clipped += clipped
          return scatter(slopes, each)
        }),
      ),
    ),
  )
  return found
}

/** Updates of a step, and what they come to, named as verl names it. */
export function criticTally() {
  const updates: CriticUpdate[] = []
  return {
    add: (update: CriticUpdate) => void updates.push(update),
    metrics(): Metrics {
      if (updates.length === 0) return {}
      const total = (of: (update: CriticUpdate) => number) => updates.reduce((sum, each) => sum + of(each), 0)
      return {
        'critic/vf_loss': total(({ loss }) => loss) / updates.length,
        'critic/vf_clipfrac':
          total(({ clipped }) => clipped) /
          Math.max(
            total(({ tokens }) => tokens),
            1,
          ),
        'critic/grad_norm': total(({ gradNorm }) => gradNorm) / updates.length,
      }
    },
  }
}
