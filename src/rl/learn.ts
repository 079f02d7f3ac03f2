// One step of learning: a batch of rollouts through mini-batches and micro-batches to optimizer updates.
import type { Metrics } from '../rundir/event.ts'
import type { Hold } from '../dialogue/hold.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { Forward, PerToken, Policy, Update } from '../gpu/policy/policy.ts'
import type { Scorer } from '../gpu/policy/scorer.ts'
import { criticTally, learnValues } from './critic.ts'
import type { Counts } from './loss/aggregate.ts'
import { masksOf } from './held.ts'
import { needsReference } from './freeze.ts'
import {
  computeLoss,
  emptyParts,
  entropyThreshold,
  type ClipShares,
  type LossParts,
  type LossSequence,
} from './loss.ts'
import { eachPack, packRollouts } from './pack.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Judged, Rollout, Weighted } from './record.ts'
import { scalingMetrics } from './scaled.ts'
import { updateOptions } from './schedule.ts'
import { requireFinite } from './sound.ts'
import { ratios } from './loss/ratio.ts'
import { gather, isTruncated, scatter, trainedTokens } from './trained.ts'

export interface LearnContext {
  recipe: TrainRecipe
  /** What the rollouts were drawn by. */
  law: Law
  policy: Policy
  /** Learns the returns beside it. */
  critic?: Scorer | undefined
  /** Step counted from 0, and how many there are. */
  step: number
  steps: number
  onProgress?: (phase: string, done: number, total: number) => void
  /** Told the entropy of each id of a completion, as the first pass over it finds it. */
  onEntropies?: (completion: Weighted, entropies: Float32Array) => void
  /** What the rollouts were held to. */
  hold?: Hold | undefined
  /** Told the log of what the masks leave of each id's distribution, by every pass. */
  onAllowed?: (completion: Weighted, allowed: Float32Array) => void
}

/** Train on the rollouts: `iterations` passes, each of `miniBatches` updates. */
export async function learn(rollouts: readonly Judged<Weighted>[], context: LearnContext): Promise<Metrics> {
  const { recipe, policy, step, steps } = context
  const perPass = Math.min(recipe.miniBatches, rollouts.length)
  const updatesPerStep = recipe.iterations * recipe.miniBatches
  const values = criticTally()
  const tally: Tally = { parts: emptyParts(), clipped: [], tokens: 0, sequences: 0, gradNorm: 0, updates: [] }
  let rate = updateOptions(recipe, step * updatesPerStep, steps * updatesPerStep).learningRate
  for (let pass = 0; pass < recipe.iterations; pass++) {
    for (let mini = 0; mini < perPass; mini++) {
      const from = Math.floor((mini * rollouts.length) / perPass)
      const to = Math.floor(((mini + 1) * rollouts.length) / perPass)
      const update = step * updatesPerStep + pass * recipe.miniBatches + mini
      const batch = rollouts.slice(from, to)
      if (context.critic) {
        const options = { ...recipe, learningRate: recipe.criticLearningRate }
        const critic = { critic: context.critic, recipe, step }
        values.add(await learnValues(batch, critic, updateOptions(options, update, steps * updatesPerStep)))
        if (step < recipe.criticWarmup) continue
      }
      const learned = await accumulate(batch, context)
      if (learned.tokens === 0) continue
      const options = updateOptions(recipe, update, steps * updatesPerStep)
      const updated = await policy.update(options)
      rate = options.learningRate
      if (!updated.scaling?.skipped) {
        await requireFinite(updated.gradNorm, policy, step, {
          items: batch,
          rowOf: ({ prompt }) => prompt.row.id,
          again: (each) => accumulate([each], context),
        })
        tally.gradNorm += updated.gradNorm
      }
      addParts(tally.parts, learned.parts)
      tally.clipped.push(...learned.clipped)
      tally.tokens += learned.tokens
      tally.sequences += learned.sequences
      tally.updates.push(updated)
      context.onProgress?.('update', pass * perPass + mini + 1, recipe.iterations * perPass)
    }
  }
  return { ...metricsOf(tally, recipe), ...values.metrics(), learning_rate: rate }
}

/** What updates come to: sums, and the clipped share of every completion. */
interface Learned {
  parts: LossParts
  clipped: ClipShares[]
  tokens: number
  sequences: number
}
/** The sum of the norms of those updates that were not left out. */
type Tally = Learned & { gradNorm: number; updates: Update[] }

/** Forward and backward of one mini-batch, micro-batch by micro-batch. Denominators are those of the whole mini-batch. */
async function accumulate(rollouts: readonly Judged<Weighted>[], context: LearnContext): Promise<Learned> {
  const { recipe, law, policy } = context
  const counts = countsOf(rollouts, recipe)
  const trained = rollouts.flatMap((each) => (each.live ? withLoss(each, recipe) : []))
  const threshold = recipe.topEntropyShare < 1 ? await thresholdOf(trained, context) : undefined
  const learned: Learned = { parts: emptyParts(), clipped: [], tokens: 0, sequences: 0 }
  await eachPack(packRollouts(trained, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    const micro = countsOf(items, recipe)
    const microCounts: Counts = { ...counts, microTokens: micro.tokens, microSequences: micro.sequences }
    await policy.accumulate(groups, { ...law, masks: masksOf(items, context.hold), entropy: true }, (forward) => {
      tell(items, forward, context)
      const { parts, byLogprob, byEntropy, clipped } = computeLoss(
        sequencesOf(items, forward, threshold, recipe),
        microCounts,
        recipe,
      )
      addParts(learned.parts, parts)
      learned.clipped.push(...clipped)
      const logprobs = perId(byLogprob, items)
      return recipe.entropyCoefficient === 0 ? { logprobs } : { logprobs, entropies: perId(byEntropy, items) }
    })
    learned.tokens += micro.tokens
    learned.sequences += micro.sequences
  })
  return learned
}

function tell(
  rollouts: readonly Rollout<Weighted>[],
  { entropies, allowed }: Forward,
  { onEntropies, onAllowed }: LearnContext,
): void {
  rollouts.forEach(({ completions }, g) =>
    completions.forEach((each, i) => {
      if (entropies) onEntropies?.(each, entropies[g]![i]!)
      if (allowed) onAllowed?.(each, allowed[g]![i]!)
    }),
  )
}

/** The rollout with those of its completions that carry loss, where there are any. */
function withLoss({ prompt, completions }: Rollout<Weighted>, recipe: TrainRecipe): Rollout<Weighted>[] {
  const carrying = completions.filter((each) => carriesLoss(each, recipe))
  return carrying.length > 0 ? [{ prompt, completions: carrying }] : []
}

/** Tokens and completions: groups dropped for want of variance count, completions without loss lose their tokens. */
function countsOf(rollouts: readonly Rollout<Weighted>[], recipe: TrainRecipe) {
  const completions = rollouts.flatMap((each) => each.completions)
  const tokens = completions.reduce((sum, each) => sum + (carriesLoss(each, recipe) ? trainedTokens(each) : 0), 0)
  return { tokens, sequences: completions.length }
}

function carriesLoss(completion: Weighted, { maskTruncated }: TrainRecipe): boolean {
  return trainedTokens(completion) > 0 && !(maskTruncated && isTruncated(completion))
}

function sequencesOf(
  rollouts: readonly Rollout<Weighted>[],
  forward: Forward,
  threshold: number | undefined,
  { importanceCorrection }: TrainRecipe,
): LossSequence[] {
  const correcting = importanceCorrection !== 'none'
  return rollouts.flatMap(({ completions }, g) =>
    completions.map((each, i): LossSequence => {
      const entropies = forward.entropies?.[g]?.[i]
      return {
        logprobs: gather(forward.logprobs[g]![i]!, each),
        oldLogprobs: gather(each.old, each),
        referenceLogprobs: each.reference && gather(each.reference, each),
        entropies: entropies && gather(entropies, each),
        advantage: each.advantages ?? each.advantage,
        entropyThreshold: threshold,
        right: each.reward > 0,
        ...(correcting && { sampledLogprobs: gather(each.logprobs, each) }),
        rate: each.rate,
      }
    }),
  )
}

/** One number per own token, completion after completion, as one per id in groups. */
function perId(rows: readonly Float64Array[], rollouts: readonly Rollout<Weighted>[]): PerToken {
  let next = 0
  return rollouts.map(({ completions }) => completions.map((each) => scatter(rows[next++]!, each)))
}

/** Anew for every update, of the entropies that the policy has now: those of the rollout would keep another share. */
async function thresholdOf(
  rollouts: readonly Rollout<Weighted>[],
  { recipe, law, policy, hold }: LearnContext,
): Promise<number> {
  const entropies: ArrayLike<number>[] = []
  await eachPack(packRollouts(rollouts, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    const forward = await policy.forward(groups, { ...law, masks: masksOf(items, hold), entropy: true })
    items.forEach(({ completions }, g) =>
      completions.forEach((each, i) => entropies.push(gather(forward.entropies![g]![i]!, each))),
    )
  })
  return entropyThreshold(entropies, recipe.topEntropyShare)
}

function addParts(sum: LossParts, parts: LossParts): void {
  for (const name of Object.keys(parts) as (keyof LossParts)[]) sum[name] += parts[name]
}

function metricsOf({ parts, clipped, tokens, sequences, gradNorm, updates: all }: Tally, recipe: TrainRecipe): Metrics {
  const updates = all.length
  if (updates === 0) return { updates }
  const made = all.filter(({ scaling }) => !scaling?.skipped).length
  const clippable = ratios[recipe.ratio].whole ? sequences : tokens
  return {
    loss: parts.loss / updates,
    pg_loss: parts.pgLoss / updates,
    ...(needsReference(recipe) && { kl: parts.kl / tokens, kl_clamped: parts.klClamped / tokens }),
    ppo_kl: parts.ppoKl / tokens,
    entropy: parts.entropy / tokens,
    'clip_ratio/low_mean': parts.clippedLow / clippable,
    'clip_ratio/high_mean': parts.clippedHigh / clippable,
    'clip_ratio/region_mean': (parts.clippedLow + parts.clippedHigh) / clippable,
    'clip_ratio/low_min': Math.min(...clipped.map(({ low }) => low)),
    'clip_ratio/high_max': Math.max(...clipped.map(({ high }) => high)),
    ...(recipe.importanceCorrection !== 'none' && {
      'sampling/importance_sampling_ratio/mean': parts.importance / tokens,
    }),
    ...(made > 0 && { grad_norm: gradNorm / made }),
    updates: made,
    ...scalingMetrics(all),
  }
}
