// Random numbers as a pure function of a key, so that no draw depends on how many others were made before it.
//
// The hash is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"):
// additions, rotations and exclusive-ors of 32-bit words, which JavaScript computes exactly. A key of any length is folded
// one number at a time, each result being the cipher key of the next.

/** Uniform in [0, 1) with 53 random bits. Keys are safe integers; another order or length is another draw. */
export function uniform(...key: readonly number[]): number {
  return unit(fold(key, NOTHING))
}

/** Standard normal, by Box and Muller from the key's two uniforms. */
export function normal(...key: readonly number[]): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(...key, 0)))
  return radius * Math.cos(2 * Math.PI * uniform(...key, 1))
}

/** The draws uniform(...key, 0), uniform(...key, 1), … one after the other. */
export function stream(...key: readonly number[]): () => number {
  const folded = fold(key, NOTHING)
  let count = 0
  return () => unit(fold([count++], folded))
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
  for (const part of key) {
    if (!Number.isSafeInteger(part)) throw new TypeError(`A random key needs safe integers: got ${part}`)
    state = threefry(state, [Math.floor(part / 2 ** 32) >>> 0, part >>> 0])
  }
  return state
}

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const
/** Skein's key schedule constant, 32-bit form. */
const PARITY = 0x1bd11bda

/** One block of Threefry-2x32-20: (key, counter) → two 32-bit words. */
export function threefry(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const schedule = [key[0], key[1], PARITY ^ key[0] ^ key[1]]
  let x0 = (counter[0] + key[0]) | 0
  let x1 = (counter[1] + key[1]) | 0
  for (let group = 0; group < 5; group++) {
    for (const rotation of ROTATIONS[group % 2]!) {
      x0 = (x0 + x1) | 0
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0
    }
    x0 = (x0 + schedule[(group + 1) % 3]!) | 0
    x1 = (x1 + schedule[(group + 2) % 3]! + group + 1) | 0
  }
  return [x0 >>> 0, x1 >>> 0]
}
