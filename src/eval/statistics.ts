// Statistics of repeated yes-or-no and graded measurements: intervals, sampling metrics, paired differences.
import { stream } from '../rng.ts'

/** An estimate with the interval that holds it at the stated level. */
export interface Interval {
  estimate: number
  low: number
  high: number
}

/** 97.5th percentile of the standard normal: two-sided 95 %. */
const Z95 = 1.959963984540054

type Numbers = readonly number[] | Float64Array

export function sum(values: Numbers): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** NaN where there is none. */
export function mean(values: Numbers): number {
  return values.length === 0 ? NaN : sum(values) / values.length
}

/** Sample standard deviation, n − 1 in the denominator; 0 for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const middle = mean(values)
  return Math.sqrt(sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1))
}

/** Wilson's score interval of a share (Wilson 1927), two-sided 95 % unless another z is given. Empty: 0 to 1. */
export function wilson(correct: number, total: number, z = Z95): Interval {
  if (total === 0) return { estimate: NaN, low: 0, high: 1 }
  const share = correct / total
  const centre = share + (z * z) / (2 * total)
  const spread = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total))
  const scale = 1 + (z * z) / total
  return { estimate: share, low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) }
}

export interface BootstrapOptions {
  /** Two-sided level of the interval. */
  level?: number
  resamples?: number
  seed?: number
}

/**
 * Percentile bootstrap of the mean over `values` (one per prompt: samples of one prompt are not independent, so a
 * prompt is what is drawn). The same seed gives the same interval.
 */
export function bootstrap(
  values: readonly number[],
  { level = 0.95, resamples = 2000, seed = 0 }: BootstrapOptions = {},
): Interval {
  const estimate = mean(values)
  if (values.length < 2) return { estimate, low: estimate, high: estimate }
  const next = stream(seed, values.length)
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(next() * values.length)]!
    return sum / values.length
  }).sort()
  return { estimate, low: percentile(means, (1 - level) / 2), high: percentile(means, (1 + level) / 2) }
}

/** Mean of b − a over pairs of the same rows, with a bootstrap interval over the pairs. */
export function pairedDifference(a: readonly number[], b: readonly number[], options: BootstrapOptions = {}): Interval {
  if (a.length !== b.length) throw new RangeError(`Pairs need equal lengths: ${a.length} and ${b.length}`)
  return bootstrap(
    b.map((value, i) => value - a[i]!),
    options,
  )
}

/** Two-sided exact sign test (McNemar): the chance of a split at least this uneven if both were equally good. */
export function signTest(better: number, worse: number): number {
  const total = better + worse
  if (total === 0) return 1
  let tail = 0
  for (let k = 0; k <= Math.min(better, worse); k++) tail += Math.exp(logChoose(total, k) - total * Math.LN2)
  return Math.min(1, 2 * tail)
}

/** Unbiased pass@k from n samples of which c are right (Chen et al. 2021, equation 1). */
export function passAtK(samples: number, correct: number, k: number): number {
  if (samples - correct < k) return 1
  return 1 - Math.exp(logChoose(samples - correct, k) - logChoose(samples, k))
}

/** Expected best of k scores drawn without replacement from the given ones: unbiased best@k. */
export function bestAtK(scores: readonly number[], k: number): number {
  const sorted = [...scores].sort((a, b) => a - b)
  const all = logChoose(sorted.length, k)
  let best = 0
  for (let i = k - 1; i < sorted.length; i++) best += sorted[i]! * Math.exp(logChoose(i, k - 1) - all)
  return best
}

/** Score of the answer that most of the first k samples gave; among equally frequent answers, the one given first. */
export function majorityAtK(samples: readonly { answer: string; score: number }[], k: number): number {
  const votes = new Map<string, { count: number; score: number }>()
  for (const { answer, score } of samples.slice(0, k)) {
    const vote = votes.get(answer) ?? { count: 0, score }
    vote.count++
    votes.set(answer, vote)
  }
  let winner = { count: 0, score: 0 }
  for (const vote of votes.values()) if (vote.count > winner.count) winner = vote
  return winner.score
}

function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}
