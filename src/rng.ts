// Random numbers as a pure function of a key, so that no draw depends on how many others were made before it.
//
// The hash is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"):
// additions, rotations and exclusive-ors of 32-bit words, which JavaScript computes exactly. A key of any length is folded
// one number at a time, each result being the cipher key of the next.

/** Uniform in [0, 1) with 53 random bits. Keys are safe integers; another order or length is another draw. */
export function uniform(...key: readonly number[]): number {
  return unit(fold(key, NOTHING))
}

/** Standard normal, by Box and Muller from the two uniforms that continue the key by 0 and by 1. */
export function normal(...key: readonly number[]): number {
  const folded = fold(key, NOTHING)
  const radius = Math.sqrt(-2 * Math.log(1 - unit(next(folded, 0))))
  return radius * Math.cos(2 * Math.PI * unit(next(folded, 1)))
}

/** The draws uniform(...key, 0), uniform(...key, 1), … one after the other. */
export function stream(...key: readonly number[]): () => number {
  const folded = fold(key, NOTHING)
  let count = 0
  return () => unit(next(folded, count++))
}

/** A shuffled copy (Fisher and Yates). */
export function shuffle<Item>(items: readonly Item[], ...key: readonly number[]): Item[] {
  const shuffled = [...items]
  const next = stream(...key)
  for (let last = shuffled.length - 1; last > 0; last--) {
    const chosen = Math.floor(next() * (last + 1))
    ;[shuffled[last], shuffled[chosen]] = [shuffled[chosen]!, shuffled[last]!]
  }
  return shuffled
}

/** A safe integer from text, for keys that are names: the 53 low bits of xxHash64. */
export function keyOf(text: string): number {
  return Number(BigInt.asUintN(53, Bun.hash.xxHash64(text)))
}

type Words = readonly [number, number]

const NOTHING: Words = [0, 0]

const unit = ([high, low]: Words): number => (high * 2 ** 21 + (low >>> 11)) / 2 ** 53

/** The numbers of a key, or of its rest, folded into what came before them. */
function fold(key: readonly number[], before: Words): Words {
  let state = before
  for (const part of key) state = next(state, part)
  return state
}

function next(state: Words, part: number): Words {
  if (!Number.isSafeInteger(part)) throw new TypeError(`A random key needs safe integers: got ${part}`)
  return threefry(state, [Math.floor(part / 2 ** 32) >>> 0, part >>> 0])
}

/** Skein's key schedule constant, 32-bit form. */
const PARITY = 0x1bd11bda

/** One block of Threefry-2x32-20: (key, counter) → two 32-bit words. Five groups of four rounds, written out: they are most of what a draw costs. */
export function threefry([k0, k1]: Words, [c0, c1]: Words): Words {
  const k2 = PARITY ^ k0 ^ k1
  let x = (c0 + k0) | 0
  let y = (c1 + k1) | 0
  x = (x + y) | 0
  y = ((y << 13) | (y >>> 19)) ^ x
  x = (x + y) | 0
  y = ((y << 15) | (y >>> 17)) ^ x
  x = (x + y) | 0
  y = ((y << 26) | (y >>> 6)) ^ x
  x = (x + y) | 0
  y = ((y << 6) | (y >>> 26)) ^ x
  x = (x + k1) | 0
  y = (y + k2 + 1) | 0
  x = (x + y) | 0
  y = ((y << 17) | (y >>> 15)) ^ x
  x = (x + y) | 0
  y = ((y << 29) | (y >>> 3)) ^ x
  x = (x + y) | 0
  y = ((y << 16) | (y >>> 16)) ^ x
  x = (x + y) | 0
  y = ((y << 24) | (y >>> 8)) ^ x
  x = (x + k2) | 0
  y = (y + k0 + 2) | 0
  x = (x + y) | 0
  y = ((y << 13) | (y >>> 19)) ^ x
  x = (x + y) | 0
  y = ((y << 15) | (y >>> 17)) ^ x
  x = (x + y) | 0
  y = ((y << 26) | (y >>> 6)) ^ x
  x = (x + y) | 0
  y = ((y << 6) | (y >>> 26)) ^ x
  x = (x + k0) | 0
  y = (y + k1 + 3) | 0
  x = (x + y) | 0
  y = ((y << 17) | (y >>> 15)) ^ x
  x = (x + y) | 0
  y = ((y << 29) | (y >>> 3)) ^ x
  x = (x + y) | 0
  y = ((y << 16) | (y >>> 16)) ^ x
  x = (x + y) | 0
  y = ((y << 24) | (y >>> 8)) ^ x
  x = (x + k1) | 0
  y = (y + k2 + 4) | 0
  x = (x + y) | 0
  y = ((y << 13) | (y >>> 19)) ^ x
  x = (x + y) | 0
  y = ((y << 15) | (y >>> 17)) ^ x
  x = (x + y) | 0
  y = ((y << 26) | (y >>> 6)) ^ x
  x = (x + y) | 0
  y = ((y << 6) | (y >>> 26)) ^ x
  x = (x + k2) | 0
  y = (y + k0 + 5) | 0
  return [x >>> 0, y >>> 0]
}
