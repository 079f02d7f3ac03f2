// Vectors in float64.
import { normal } from '../../rng.ts'

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** The vector at length 1; undefined for that of length 0. */
export function unit(vector: Float64Array): Float64Array | undefined {
  const length = Math.sqrt(dot(vector, vector))
  return length === 0 ? undefined : vector.map((value) => value / length)
}

/** A direction drawn uniformly, [size]. */
export const randomDirection = (size: number, ...key: readonly number[]): Float64Array =>
  unit(Float64Array.from({ length: size }, (_, i) => normal(...key, i)))!
