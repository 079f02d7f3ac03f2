// From the probabilities of a row to a token: filters as rows of one table, then the inverse of the distribution.
import type { Sampling } from './policy.ts'

/** Keeps a prefix of tokens sorted by falling probability; p sums to 1. Returns how many stay. */
interface Filter {
  isOn(sampling: Sampling): boolean
  keep(sorted: readonly number[], p: Float32Array, sampling: Sampling): number
}

/** Applied in this order, each on what the one before left, renormalised (as transformers and vLLM chain them). */
const filters: Record<string, Filter> = {
  topK: {
    isOn: ({ topK = 0 }) => topK > 0,
    keep: (sorted, _, { topK = 0 }) => Math.min(sorted.length, topK),
  },
  topP: {
    isOn: ({ topP = 1 }) => topP < 1,
    keep: (sorted, p, { topP = 1 }) => {
      const total = sorted.reduce((sum, id) => sum + p[id]!, 0)
      let sum = 0
      const enough = sorted.findIndex((id) => (sum += p[id]!) >= topP * total)
      return enough < 0 ? sorted.length : enough + 1
    },
  },
  minP: {
    isOn: ({ minP = 0 }) => minP > 0,
    keep: (sorted, p, { minP = 0 }) => {
      const below = sorted.findIndex((id) => p[id]! < minP * p[sorted[0]!]!)
      return below < 0 ? sorted.length : below
    },
  },
}

/**
 * A token of probabilities p [V] and its log-prob under the distribution sampled from. `draw` is uniform in [0, 1).
 * Temperature 0 takes the most likely token, the first of equals.
 */
export function sampleToken(p: Float32Array, sampling: Sampling, draw: number): { id: number; logprob: number } {
  if (sampling.temperature === 0) {
    const id = mostLikely(p)
    return { id, logprob: Math.log(p[id]!) }
  }
  const on = Object.values(filters).filter((filter) => filter.isOn(sampling))
  if (on.length === 0) {
    const id = invert(draw, p.length, (i) => p[i]!)
    return { id, logprob: Math.log(p[id]!) }
  }
  let sorted = Array.from(p.keys()).sort((a, b) => p[b]! - p[a]! || a - b)
  for (const filter of on) sorted = sorted.slice(0, Math.max(1, filter.keep(sorted, p, sampling)))
  const total = sorted.reduce((sum, id) => sum + p[id]!, 0)
  const id = sorted[invert(draw, sorted.length, (i) => p[sorted[i]!]! / total)]!
  return { id, logprob: Math.log(p[id]! / total) }
}

/**
 * Probabilities after dividing the positive logits of seen tokens by the penalty and multiplying their negative ones
 * (Keskar et al. 2019). Needs logits, at temperature 1.
 */
export function penalise(
  logits: Float32Array,
  seen: Iterable<number>,
  { repetitionPenalty = 1, temperature }: Sampling,
): Float32Array {
  const changed = logits.slice()
  for (const id of new Set(seen)) {
    const logit = changed[id]!
    changed[id] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty
  }
  const scale = temperature === 0 ? 1 : 1 / temperature
  const top = changed.reduce((most, logit) => Math.max(most, logit), -Infinity)
  let total = 0
  for (let i = 0; i < changed.length; i++) total += changed[i] = Math.exp((changed[i]! - top) * scale)
  for (let i = 0; i < changed.length; i++) changed[i]! /= total
  return changed
}

function mostLikely(p: Float32Array): number {
  let best = 0
  for (let i = 1; i < p.length; i++) if (p[i]! > p[best]!) best = i
  return best
}

/** The first index at which the running sum passes `draw`; rounding may leave the last with any probability. */
function invert(draw: number, length: number, probability: (i: number) => number): number {
  let sum = 0
  let last = 0
  for (let i = 0; i < length; i++) {
    const p = probability(i)
    if (p > 0) last = i
    sum += p
    if (sum > draw) return i
  }
  return last
}
