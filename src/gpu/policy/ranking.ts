// Tokens by falling probability, the lower id first among equals, without sorting a vocabulary: they are counted into buckets
// by the leading bits of their probabilities, and a bucket is sorted only where an answer lies in it.

export interface Ranking {
  /** Tokens there are. */
  readonly size: number
  /** Probability of the most likely one. */
  readonly top: number
  /** Sum over the `count` most likely. */
  mass(count: number): number
  /** Tokens whose probability is not below `value` > 0. */
  atLeast(value: number): number
  /** The first rank at which `holds` for the sum down to it, which only grows; the last rank where it never does. */
  first(holds: (mass: number) => boolean): number
  /** The token at a rank. */
  token(rank: number): number
}

/** Sign, exponent and 7 bits of the fraction: non-negative float32 numbers are in the order of their bits. */
const SHIFT = 16
/** That of 1. */
const LAST = 0x3f800000 >>> SHIFT

/** Of probabilities p [V]; a row of what are none has token 0 at every rank. Sums are in float64, over a bucket in the order of ids. */
export function ranking(p: Float32Array): Ranking {
  const bits = new Uint32Array(p.buffer, p.byteOffset, p.length)
  const counts = new Uint32Array(LAST + 1)
  const sums = new Float64Array(LAST + 1)
  for (let id = 0; id < p.length; id++) {
    const bucket = bits[id]! >>> SHIFT
    counts[bucket]!++
    sums[bucket]! += p[id]!
  }
  const sorted = new Map<number, Uint32Array>()
  /** The ids of a bucket in order. */
  const idsOf = (bucket: number): Uint32Array => {
    let ids = sorted.get(bucket)
    if (ids === undefined) {
      // Bits from the top of the bucket downwards, then the id: one number that sorts as both.
      const keys = new Float64Array(counts[bucket]!)
      for (let id = 0, n = 0; id < p.length; id++)
        if (bits[id]! >>> SHIFT === bucket) keys[n++] = (~bits[id]! & (2 ** SHIFT - 1)) * 2 ** 32 + id
      ids = Uint32Array.from(keys.sort(), (key) => key % 2 ** 32)
      sorted.set(bucket, ids)
    }
    return ids
  }
  /** The first bucket from the top of which `ends` holds, with the count and the mass above it. */
  const walk = (ends: (count: number, mass: number, bucket: number) => boolean) => {
    let bucket = LAST
    let [above, mass] = [0, 0]
    while (bucket > 0 && !ends(above + counts[bucket]!, mass + sums[bucket]!, bucket)) {
      above += counts[bucket]!
      mass += sums[bucket]!
      bucket--
    }
    return { bucket, above, mass }
  }
  const token = (rank: number): number => {
    const { bucket, above } = walk((count) => count > rank)
    return idsOf(bucket)[rank - above] ?? 0
  }
  return {
    size: p.length,
    get top() {
      return p[token(0)]!
    },
    token,
    mass(count) {
      if (count === 0) return 0
      const { bucket, above, mass } = walk((all) => all >= count)
      if (count === above + counts[bucket]!) return mass + sums[bucket]!
      return idsOf(bucket)
        .subarray(0, count - above)
        .reduce((sum, id) => sum + p[id]!, mass)
    },
    atLeast(value) {
      const least = new Uint32Array(Float32Array.of(value).buffer)[0]! >>> SHIFT
      const { bucket, above } = walk((_count, _mass, at) => at === least)
      const below = idsOf(bucket).findIndex((id) => p[id]! < value)
      return above + (below < 0 ? counts[bucket]! : below)
    },
    first(holds) {
      const { bucket, above, mass } = walk((_, sum) => holds(sum))
      let sum = mass
      const found = idsOf(bucket).findIndex((id) => holds((sum += p[id]!)))
      return above + (found < 0 ? counts[bucket]! - 1 : found)
    },
  }
}
