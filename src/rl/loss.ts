// The loss of a micro-batch: value, parts and derivatives by log-prob and entropy, from the tables of objectives, KL estimators and averages.
import { sum } from '../eval/statistics.ts'
import { aggregations, type Counts } from './loss/aggregate.ts'
import { corrections } from './loss/importance.ts'
import { klEstimate } from './loss/kl.ts'
import { ratios } from './loss/ratio.ts'
import type { LossSettings } from './loss/settings.ts'
import { surrogates } from './loss/surrogate.ts'

export interface LossOptions extends LossSettings {
  /** Denominator of the constant average. */
  maxCompletionLength: number
}

/** A completion of T tokens as the loss sees it; log-probs at the sampling temperature. */
export interface LossSequence {
  logprobs: ArrayLike<number>
  oldLogprobs: ArrayLike<number>
  /** Absent where no KL term is asked for. */
  referenceLogprobs?: ArrayLike<number> | undefined
  entropies?: ArrayLike<number> | undefined
  /** Of the completion, or one per token. */
  advantage: number | ArrayLike<number>
  /** Whether it earned more than nothing, and the share of its group that did. */
  right?: boolean | undefined
  rate?: number | undefined
  /** As the sampler had them, where a correction makes up for it. */
  sampledLogprobs?: ArrayLike<number> | undefined
  /** The policy objective counts only tokens whose entropy reaches this (arXiv 2506.01939). */
  entropyThreshold?: number | undefined
}

/** Sums over the micro-batch of what, added up over micro-batches, gives the step's figures. */
export interface LossParts {
  loss: number
  /** The policy objective alone, aggregated. */
  pgLoss: number
  /** Sums over tokens, to be divided by the step's tokens. */
  kl: number
  klClamped: number
  ppoKl: number
  entropy: number
  /** Sums over tokens, or over completions where the ratio is one of whole completions. */
  clippedLow: number
  clippedHigh: number
  /** Of the weights that make up for another sampler; 1 for each token where nothing does. */
  importance: number
}

export interface LossResult {
  parts: LossParts
  /** d loss / d logprob, per completion and token. */
  byLogprob: Float64Array[]
  /** d loss / d entropy, per completion and token. */
  byEntropy: Float64Array[]
  /** Share of its tokens that were clipped, per completion. */
  clipped: ClipShares[]
}

export interface ClipShares {
  low: number
  high: number
}

/** Loss of `sequences`, whose tokens are weighed as part of the step described by `counts`. */
export function computeLoss(sequences: readonly LossSequence[], counts: Counts, options: LossOptions): LossResult {
  const parts: LossParts = emptyParts()
  const byLogprob: Float64Array[] = []
  const byEntropy: Float64Array[] = []
  const clipped: ClipShares[] = []
  for (const sequence of sequences) {
    const length = sequence.logprobs.length
    const weight = aggregations[options.aggregation].weight(length, counts, options.maxCompletionLength)
    const gradients = addSequence(sequence, weight, options, parts)
    byLogprob.push(gradients.byLogprob)
    byEntropy.push(gradients.byEntropy)
    clipped.push(gradients.clipped)
  }
  return { parts, byLogprob, byEntropy, clipped }
}

/** The entropy below which the share 1 − `share` of tokens lies, by linear interpolation (torch.quantile). */
export function entropyThreshold(entropies: readonly ArrayLike<number>[], share: number): number {
  const sorted = Float64Array.from(entropies.flatMap((each) => Array.from(each))).sort()
  const place = (1 - share) * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? -Infinity
  const above = sorted[Math.ceil(place)] ?? -Infinity
  return below + (above - below) * (place - Math.floor(place))
}

export function emptyParts(): LossParts {
  return { loss: 0, pgLoss: 0, kl: 0, klClamped: 0, ppoKl: 0, entropy: 0, clippedLow: 0, clippedHigh: 0, importance: 0 }
}

/** Add one completion to `parts`; its gradients. `weight` is that of each token. */
function addSequence(sequence: LossSequence, weight: number, options: LossOptions, parts: LossParts) {
  const { logprobs, oldLogprobs, referenceLogprobs, entropies, advantage, entropyThreshold: threshold } = sequence
  const T = logprobs.length
  const advantages = typeof advantage === 'number' ? new Float64Array(T).fill(advantage) : advantage
  const ratioRow = ratios[options.ratio]
  const differences = Float64Array.from({ length: T }, (_, t) => logprobs[t]! - oldLogprobs[t]!)
  const ratio = ratioRow.logRatios(differences).map(Math.exp)
  const counts = (t: number) => threshold === undefined || (entropies?.[t] ?? Infinity) >= threshold
  const { sampledLogprobs: sampled } = sequence
  const correction =
    sampled &&
    corrections[options.importanceCorrection].weights(
      Float64Array.from({ length: T }, (_, t) => oldLogprobs[t]! - sampled[t]!),
      options.importanceCap,
    )
  const weights = Float64Array.from({ length: T }, (_, t) => (counts(t) ? weight * (correction?.[t] ?? 1) : 0))
  parts.importance += correction ? sum(correction) : T
  const { right = false, rate = 0 } = sequence
  const weighed = { logprobs, ratios: ratio, advantages, weights, right, rate }
  const policy = surrogates[options.surrogate].loss(weighed, options)
  const { byLogRatio, byLogprob } = policy
  const clipCount = ratioRow.whole ? 1 / Math.max(T, 1) : 1
  parts.loss += policy.loss
  parts.pgLoss += policy.loss
  parts.ppoKl -= sum(differences)
  parts.clippedLow += clipCount * policy.clippedLow
  parts.clippedHigh += clipCount * policy.clippedHigh
  if (referenceLogprobs) {
    const charge = options.klIn === 'loss' ? weight * options.klCoefficient : 0
    for (let t = 0; t < T; t++) {
      const kl = klEstimate(options.klEstimator, logprobs[t]! - referenceLogprobs[t]!, options.klClamp)
      const factor = options.klWeighted ? ratio[t]! : 1
      parts.kl += kl.value * factor
      parts.klClamped += kl.clamped ? 1 : 0
      parts.loss += charge * kl.value * factor
      byLogprob[t]! += charge * kl.slope * factor
      if (options.klWeighted) byLogRatio[t]! += charge * kl.value * factor
    }
  }
  const byEntropy = new Float64Array(T)
  if (entropies) {
    const entropy = sum(Float64Array.from(entropies))
    parts.entropy += entropy
    parts.loss -= weight * options.entropyCoefficient * entropy
    byEntropy.fill(-weight * options.entropyCoefficient)
  }
  const throughRatio = ratioRow.pullBack(byLogRatio)
  const clipped = { low: policy.clippedLow / Math.max(T, 1), high: policy.clippedHigh / Math.max(T, 1) }
  return { byLogprob: byLogprob.map((value, t) => value + throughRatio[t]!), byEntropy, clipped }
}
