// One step of learning: a batch of rollouts through mini-batches and micro-batches to optimizer updates.
import { EXIT, HoneError } from '../error.ts'
import type { Figures } from '../rundir/event.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { Forward, PerToken, Policy } from '../gpu/policy/policy.ts'
import type { Counts } from './loss/aggregate.ts'
import { freeze, type Item, needsReference, weigh } from './frozen.ts'
import {
  computeLoss,
  emptyParts,
  entropyThreshold,
  type LossOptions,
  type LossParts,
  type LossSequence,
} from './loss.ts'
import { breathe, pack } from './pack.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Rollout, Weighted } from './record.ts'
import { updateOptions } from './schedule.ts'
import { ratios } from './loss/surrogate.ts'

export interface LearnContext {
  recipe: TrainRecipe
  /** What the rollouts were drawn by. */
  law: Law
  policy: Policy
  /** Step counted from 0, and how many there are. */
  step: number
  steps: number
  onProgress?: (phase: string, done: number, total: number) => void
}

/** The loss as the recipe describes it; "none" becomes infinity. */
function lossOptions(recipe: TrainRecipe): LossOptions {
  return {
    ...recipe,
    dualClip: recipe.dualClip ?? Infinity,
    klClamp: recipe.klClamp ?? Infinity,
    klCoefficient: recipe.klIn === 'loss' ? recipe.klCoefficient : 0,
  }
}

/** Train on the rollouts: `iterations` passes, each of `miniBatches` updates. */
export async function learn(rollouts: readonly Rollout[], context: LearnContext) {
  const { recipe, policy, step, steps } = context
  const started = performance.now()
  const items = await freeze(rollouts, context)
  const scored = performance.now()
  const weighted = weigh(rollouts, items, recipe)
  const perPass = Math.min(recipe.miniBatches, rollouts.length)
  const updatesPerStep = recipe.iterations * recipe.miniBatches
  const tally = { parts: emptyParts(), tokens: 0, sequences: 0, gradNorm: 0, updates: 0 }
  let rate = 0
  for (let pass = 0; pass < recipe.iterations; pass++) {
    for (let mini = 0; mini < perPass; mini++) {
      const from = Math.floor((mini * rollouts.length) / perPass)
      const to = Math.floor(((mini + 1) * rollouts.length) / perPass)
      const learned = await accumulate(weighted.slice(from, to), items.slice(from, to), context)
      if (learned.tokens === 0) continue
      const update = step * updatesPerStep + pass * recipe.miniBatches + mini
      const options = updateOptions(recipe, update, steps * updatesPerStep)
      const { gradNorm } = policy.update(options)
      rate = options.learningRate
      requireFinite(gradNorm, step)
      addParts(tally.parts, learned.parts)
      tally.tokens += learned.tokens
      tally.sequences += learned.sequences
      tally.gradNorm += gradNorm
      tally.updates++
      context.onProgress?.('update', pass * perPass + mini + 1, recipe.iterations * perPass)
    }
  }
  const figures = figuresOf(tally, recipe)
  figures['learning_rate'] = rate
  figures['time/reference'] = (scored - started) / 1000
  figures['time/update'] = (performance.now() - scored) / 1000
  return { weighted, figures }
}

/** Forward and backward of one mini-batch, micro-batch by micro-batch. Denominators are those of the whole mini-batch. */
async function accumulate(weighted: readonly Weighted[], items: readonly (Item | undefined)[], context: LearnContext) {
  const { recipe, law, policy } = context
  const options = lossOptions(recipe)
  const trained = weighted.map((each, g) => (each.live ? trainable(each, items[g]!, recipe) : undefined))
  const counts = countsOf(weighted, recipe)
  const threshold = recipe.topEntropyShare < 1 ? thresholdOf(trained, recipe) : undefined
  const learned = { parts: emptyParts(), tokens: 0, sequences: 0 }
  const groups = trained.map((item) => item?.group ?? { prompt: [], completions: [] })
  for (const batch of pack(groups, recipe.microBatchTokens, (g) => groups[g]!.completions.length > 0)) {
    const some = batch.map((g) => trained[g]!)
    const micro = some.flatMap(({ group }) => group.completions)
    const microTokens = micro.reduce((sum, ids) => sum + ids.length, 0)
    const microCounts: Counts = { ...counts, microTokens, microSequences: micro.length }
    policy.accumulate(
      some.map(({ group }) => group),
      { ...law, entropy: true },
      (forward) => {
        const { parts, byLogprob, byEntropy } = computeLoss(sequencesOf(some, forward, threshold), microCounts, options)
        addParts(learned.parts, parts)
        const logprobs = perGroup(byLogprob, some)
        return recipe.entropyCoefficient === 0 ? { logprobs } : { logprobs, entropies: perGroup(byEntropy, some) }
      },
    )
    learned.tokens += microTokens
    learned.sequences += micro.length
    await breathe()
  }
  return learned
}

/** The completions of a live group that carry loss, with their advantages. */
function trainable(rollout: Weighted, item: Item, recipe: TrainRecipe): Item {
  const kept = rollout.completions.flatMap((completion, i) => (carriesLoss(completion, recipe) ? [i] : []))
  const pick = <T>(values: readonly T[]) => kept.map((i) => values[i]!)
  return {
    group: { prompt: item.group.prompt, completions: pick(item.group.completions) },
    advantages: pick(rollout.advantages),
    old: pick(item.old),
    reference: item.reference && pick(item.reference),
    entropies: item.entropies && pick(item.entropies),
  }
}

/** Tokens and completions of the optimizer step: groups dropped for want of variance count, masked completions lose their tokens. */
function countsOf(weighted: readonly Weighted[], recipe: TrainRecipe) {
  const completions = weighted.flatMap((each) => each.completions)
  const tokens = completions.reduce((sum, each) => sum + (carriesLoss(each, recipe) ? each.ids.length : 0), 0)
  return { tokens, sequences: completions.length }
}

function carriesLoss({ finish, ids }: Weighted['completions'][number], { maskTruncated }: TrainRecipe): boolean {
  return ids.length > 0 && !(maskTruncated && finish === 'length')
}

function sequencesOf(items: readonly Item[], forward: Forward, threshold: number | undefined): LossSequence[] {
  return items.flatMap((item, k) =>
    item.group.completions.map((_, i) => ({
      logprobs: forward.logprobs[k]![i]!,
      oldLogprobs: item.old[i]!,
      referenceLogprobs: item.reference?.[i],
      entropies: forward.entropies?.[k]?.[i],
      advantage: item.advantages[i]!,
      entropyThreshold: threshold,
    })),
  )
}

/** Flat rows back into groups, as float32 for the engine. */
function perGroup(rows: readonly Float64Array[], items: readonly Item[]): PerToken {
  let next = 0
  return items.map(({ group }) => group.completions.map(() => Float32Array.from(rows[next++]!)))
}

function thresholdOf(items: readonly (Item | undefined)[], { topEntropyShare }: TrainRecipe): number {
  return entropyThreshold(
    items.flatMap((item) => item?.entropies ?? []),
    topEntropyShare,
  )
}

/** Stop before a weight that is not a number is ever saved. */
export function requireFinite(gradNorm: number, step: number): void {
  if (Number.isFinite(gradNorm)) return
  throw new HoneError(`Cannot go on after step ${step}: the gradient norm is ${gradNorm}`, {
    exit: EXIT.no,
    hint: 'The last checkpoint is sound: resume it with a lower learningRate or a smaller maxGradNorm.',
  })
}

function addParts(sum: LossParts, parts: LossParts): void {
  for (const name of Object.keys(parts) as (keyof LossParts)[]) sum[name] += parts[name]
}

function figuresOf(
  {
    parts,
    tokens,
    sequences,
    gradNorm,
    updates,
  }: { parts: LossParts; tokens: number; sequences: number; gradNorm: number; updates: number },
  recipe: TrainRecipe,
): Figures {
  if (updates === 0) return { updates }
  const clippable = ratios[recipe.ratio].whole ? sequences : tokens
  return {
    loss: parts.loss / updates,
    pg_loss: parts.pgLoss / updates,
    ...(needsReference(recipe) && { kl: parts.kl / tokens, kl_clamped: parts.klClamped / tokens }),
    ppo_kl: parts.ppoKl / tokens,
    entropy: parts.entropy / tokens,
    'clip_ratio/low_mean': parts.clippedLow / clippable,
    'clip_ratio/high_mean': parts.clippedHigh / clippable,
    grad_norm: gradNorm / updates,
    updates,
  }
}
