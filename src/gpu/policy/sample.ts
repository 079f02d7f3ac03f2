// From the probabilities of a row to a token: the inverse of the distribution that the law leaves.
import { isFiltered, kept, scaleOf, type Law, type Mask } from './law.ts'
import { ranking } from './ranking.ts'

export interface Drawn {
  id: number
  /** Under the distribution drawn from. */
  logprob: number
}

/**
 * A token of probabilities p [V], which are those at the law's temperature. `draw` is uniform in [0, 1). Temperature 0 takes
 * the most likely token, the first of equals.
 */
export function sampleToken(p: Float32Array, law: Law, draw: number): Drawn {
  if (law.temperature === 0) {
    const id = mostLikely(p)
    return { id, logprob: Math.log(p[id]!) }
  }
  if (!isFiltered(law)) {
    const id = invert(p, draw)
    return { id, logprob: Math.log(p[id]!) }
  }
  const ranked = ranking(p)
  const count = kept(ranked, law)
  const total = ranked.mass(count)
  // Rounding may leave what is kept short of the draw: then its last token with any probability.
  const id = ranked.token(ranked.first((mass) => mass > draw * total || mass >= total))
  return { id, logprob: Math.log(p[id]! / total) }
}

/** The likeliest tokens of what the law leaves of p [V], at most `count`, as `sampleToken` would draw them. */
export function likeliest(p: Float32Array, law: Law, count: number): Drawn[] {
  const ranked = ranking(p)
  const all = law.temperature === 0 ? ranked.size : kept(ranked, law)
  const total = isFiltered(law) && law.temperature !== 0 ? ranked.mass(all) : 1
  return Array.from({ length: Math.min(count, all) }, (_, rank) => {
    const id = ranked.token(rank)
    return { id, logprob: Math.log(p[id]! / total) }
  }).filter(({ logprob }) => logprob > -Infinity)
}

/**
 * Probabilities [V] of logits [V] at the law's temperature, those outside of a mask 0, the positive logits of seen tokens divided
 * by its penalty and the negative ones multiplied (Keskar et al. 2019).
 */
export function probabilities(logits: Float32Array, seen: Iterable<number>, law: Law, mask?: Mask): Float32Array {
  const { repetitionPenalty = 1 } = law
  const changed = mask ? within(logits, mask) : logits.slice()
  for (const id of new Set(seen)) {
    const logit = changed[id]!
    changed[id] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty
  }
  const scale = 1 / scaleOf(law)
  let top = -Infinity
  for (let i = 0; i < changed.length; i++) if (changed[i]! > top) top = changed[i]!
  let total = 0
  for (let i = 0; i < changed.length; i++) total += changed[i] = exp((changed[i]! - top) * scale)
  const share = 1 / total
  for (let i = 0; i < changed.length; i++) changed[i]! *= share
  return changed
}

/** 2^-k, of all k whose power matters to a float32. */
const POWERS = Float64Array.from({ length: 152 }, (_, k) => 2 ** -k)

/**
 * e^x of x ≤ 0 within 1e-8 of itself: 2^-k · e^r, |r| ≤ ln 2 / 2, e^r by its series. Twice as fast as Math.exp, and there are
 * V of them a token.
 */
function exp(x: number): number {
  if (x < -104) return 0
  const k = (0.5 - x * Math.LOG2E) | 0
  const r = x + k * Math.LN2
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)))))))
  return series * POWERS[k]!
}

/** The logits of a mask's tokens, -∞ for the others. Most masks have few. */
function within(logits: Float32Array, mask: Mask): Float32Array {
  const kept = new Float32Array(logits.length).fill(-Infinity)
  for (let word = 0; word < mask.length; word++) {
    const bits = mask[word]!
    if (bits === 0) continue
    for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) kept[32 * word + bit] = logits[32 * word + bit]!
  }
  return kept
}

function mostLikely(p: Float32Array): number {
  let best = 0
  for (let i = 1; i < p.length; i++) if (p[i]! > p[best]!) best = i
  return best
}

/** The first index at which the running sum passes `draw`; rounding may leave the last with any probability. */
function invert(p: Float32Array, draw: number): number {
  let sum = 0
  let last = 0
  for (let i = 0; i < p.length; i++) {
    if (p[i]! > 0) last = i
    sum += p[i]!
    if (sum > draw) return i
  }
  return last
}
