// Groups of token ids → the padded arrays that one forward and backward pass reads.
//
// Letters as in block.ts. A prompt of p tokens has p − 1 rows; its last token opens each completion.
import { MASKED, type BatchSizes } from '../net/sizes.ts'
import type { ModelConfig } from '../weights/family.ts'
import type { Group, PerToken } from './policy.ts'
import { amplitude, inverseFrequencies } from '../weights/rope.ts'

export interface Batch {
  sizes: BatchSizes
  /** Input token of every row, [T]. */
  ids: BigInt64Array
  /** Cosine and sine of every row's position times every frequency, [T, H/2]. */
  cos: Float32Array
  sin: Float32Array
  /** 0 at real prompt rows, very negative at padding, [N, P]; undefined where there is no padding. */
  promptMask: Float32Array | undefined
  /** Token that each completion row predicts, [N·G·R]; 0 at padding. */
  labels: BigInt64Array
}

/** Pad groups to one batch, also where one has fewer completions than another. Every prompt needs a token. */
export function batchOf(groups: readonly Group[], config: ModelConfig): Batch {
  const N = groups.length
  const G = Math.max(...groups.map(({ completions }) => completions.length))
  const P = padded(Math.max(...groups.map(({ prompt }) => prompt.length - 1)))
  const R = padded(Math.max(1, ...groups.flatMap(({ completions }) => completions.map((ids) => ids.length))))
  const T = N * P + N * G * R
  const ids = new BigInt64Array(T)
  const positions = new Int32Array(T)
  const labels = new BigInt64Array(N * G * R)
  const mask = new Float32Array(N * P)
  groups.forEach(({ prompt, completions }, n) => {
    const rows = prompt.length - 1
    for (let i = 0; i < rows; i++) {
      ids[n * P + i] = BigInt(prompt[i]!)
      positions[n * P + i] = i
    }
    mask.fill(MASKED, n * P + rows, (n + 1) * P)
    completions.forEach((completion, g) => {
      const first = (n * G + g) * R
      completion.forEach((id, i) => {
        const row = N * P + first + i
        ids[row] = BigInt(i === 0 ? prompt[rows]! : completion[i - 1]!)
        positions[row] = rows + i
        labels[first + i] = BigInt(id)
      })
    })
  })
  const promptMask = mask.some((value) => value !== 0) ? mask : undefined
  return {
    sizes: { groups: N, samples: G, prompt: P, completion: R },
    ids,
    ...angles(config, positions),
    promptMask,
    labels,
  }
}

/** Ids with a token after them that nobody reads: a value at the end of a text stands where that would be predicted. */
export const withEnd = (ids: readonly number[]): number[] => [...ids, 0]

/** A sequence that has a completion row at each of its positions (see withEnd). */
export const wholeSequence = (ids: readonly number[]): Group => ({
  prompt: ids.slice(0, 1),
  completions: [withEnd(ids.slice(1))],
})

/** A flat [N·G·R] array as lists of each completion's own tokens. */
export function perToken(flat: Float32Array, groups: readonly Group[], { samples, completion }: BatchSizes): PerToken {
  return groups.map(({ completions }, n) =>
    completions.map((ids, g) => {
      const start = (n * samples + g) * completion
      return flat.slice(start, start + ids.length)
    }),
  )
}

/** The reverse of perToken; padding is 0. */
export function flatten(values: PerToken, { groups, samples, completion }: BatchSizes): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(groups * samples * completion)
  values.forEach((group, n) => group.forEach((tokens, g) => flat.set(tokens, (n * samples + g) * completion)))
  return flat
}

/**
 * How many completions of a group go through together: all, or where they are several times as many rows as `limit` and as their
 * prompt, which each pass computes again, about twice as many rows.
 */
export function samplesAtOnce({ prompt, completions }: Group, limit: number): number {
  const longest = completions.reduce((most, ids) => Math.max(most, ids.length), 1)
  return samplesOf(prompt.length, completions.length, longest, limit)
}

/** The same for G completions of R tokens after a prompt of P. */
export function samplesOf(P: number, G: number, R: number, limit: number): number {
  const passes = Math.max(1, Math.min(G, Math.floor((G * R) / (2 * Math.max(limit, P)))))
  return Math.ceil(G / passes)
}

/**
 * Indices of groups that make one pass each: equally many completions, similar lengths, at most about `rows` rows with
 * padding.
 */
export function microBatches(groups: readonly Group[], rows: number): number[][] {
  const shape = (i: number) => {
    const { prompt, completions } = groups[i]!
    return { G: completions.length, P: prompt.length - 1, R: Math.max(1, ...completions.map((ids) => ids.length)) }
  }
  const shapes = groups.map((_, i) => shape(i))
  const order = groups
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [shapes[a]!, shapes[b]!]
      return x.G - y.G || x.P + x.G * x.R - (y.P + y.G * y.R) || a - b
    })
  const batches: number[][] = []
  let current: number[] = []
  let [P, R] = [0, 0]
  for (const i of order) {
    const next = shapes[i]!
    const [p, r] = [Math.max(P, padded(next.P)), Math.max(R, padded(next.R))]
    const G = current.length > 0 ? shapes[current[0]!]!.G : next.G
    if (current.length > 0 && (next.G !== G || (current.length + 1) * (p + G * r) > rows)) {
      batches.push(current)
      current = []
      ;[P, R] = [padded(next.P), padded(next.R)]
    } else [P, R] = [p, r]
    current.push(i)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

/** Rows a length is padded to: few enough distinct sizes that graphs are used again, little enough waste. */
export function padded(length: number): number {
  const step = length <= 128 ? 16 : length <= 1024 ? 64 : 128
  return Math.ceil(length / step) * step
}

/** Cosines and sines of positions times the model's frequencies, [rows, H/2] each. */
export function angles(
  { rope, headDim }: ModelConfig,
  positions: ArrayLike<number>,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const frequencies = inverseFrequencies(rope, headDim)
  const scale = amplitude(rope)
  const width = frequencies.length
  const cos = new Float32Array(positions.length * width)
  const sin = new Float32Array(positions.length * width)
  for (let row = 0; row < positions.length; row++)
    for (let pair = 0; pair < width; pair++) {
      const angle = positions[row]! * frequencies[pair]!
      cos[row * width + pair] = scale * Math.cos(angle)
      sin[row * width + pair] = scale * Math.sin(angle)
    }
  return { cos, sin }
}
