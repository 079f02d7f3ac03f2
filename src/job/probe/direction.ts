// The direction in which hidden states of contrastive pairs differ (representation reading, arXiv 2310.01405; MeCo, arXiv 2502.12961).
import { dot, unit } from './vector.ts'

/** A change of the unit vector below this in one round says that it has settled. */
const SETTLED = 1e-12
/** Rounds at most: where the two largest variances are nearly equal, any direction between them is as good. */
const ROUNDS = 2000

/**
 * First principal component of the differences d_i = h(T+_i) − h(T−_i) about zero, [D] of length 1: of D the eigenvector of Σ d dᵀ
 * of largest eigenvalue, by power iteration in float64. About zero, since which text of a pair stands first is no part of what is
 * looked for: it is the component of all d_i and −d_i. The sign is that of the mean difference, so that T+ scores higher.
 * Undefined where no pair differs.
 */
export function principalDirection(differences: readonly Float64Array[]): Float64Array | undefined {
  const size = differences[0]?.length ?? 0
  // From the largest difference: a start that is orthogonal to the component would never find it.
  let direction = unit(differences.reduce((a, b) => (dot(b, b) > dot(a, a) ? b : a), new Float64Array(size)))
  if (!direction) return undefined
  for (let round = 0; round < ROUNDS; round++) {
    const sum = new Float64Array(size)
    for (const difference of differences) {
      const along = dot(difference, direction)
      for (let i = 0; i < size; i++) sum[i]! += along * difference[i]!
    }
    const next = unit(sum)!
    const change = next.reduce((most, value, i) => Math.max(most, Math.abs(value - direction![i]!)), 0)
    direction = next
    if (change < SETTLED) break
  }
  const mean = differences.reduce((sum, difference) => sum + dot(difference, direction), 0)
  return mean < 0 ? direction.map((value) => -value) : direction
}
