// Groups of token ids → the arrays that one forward and backward pass reads: padded, or as a forest where much is shared.
//
// Letters as in block.ts. A prompt of p tokens has p − 1 rows; its last token opens each completion.
import { MASKED, rowsOf, type BatchSizes } from '../net/sizes.ts'
import { forestOf, sorted, type Sorted } from './forest.ts'
import { padded, type Lengths, type Portions } from '../device/portions.ts'
import type { ModelConfig } from '../weights/family.ts'
import type { Group, PerToken } from './policy.ts'
import { amplitude, inverseFrequencies } from '../weights/rope.ts'

/** What sizes depend on. */
type Sized = { config: ModelConfig; portions: Pick<Portions, 'lengths'> }

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
  /** Of each group and completion, the rows of its sequence: one for each token but the last. */
  paths: Int32Array[][]
  /** Where the batch is a forest: N and G are 1, P are the rows that predict nothing of a completion. */
  branches?: Branches
}

/** How the rows of a forest hang together, [T] each, see forest.ts. */
export interface Branches {
  /** The row above each, −1 where there is none. */
  parents: Int32Array
  numbers: Int32Array
  /** Numbers of the last rows below. */
  ends: Int32Array
  positions: Int32Array
}

/** A forest pays where it has this share of the rows of padded groups at most, and so many fewer. */
const SHARED = 0.8
const FEWER = 128

/** One batch of groups, also where one has fewer completions than another. Every prompt needs a token. */
export function batchOf(groups: readonly Group[], net: Sized): Batch {
  const order = sorted(groups)
  const { lengths } = net.portions
  return sharesMuch(groups, lengths, order) ? forestBatch(groups, net, order) : paddedBatch(groups, net)
}

/** Whether a forest pays: sequences begin alike beyond their prompts, prompts have much in common, or lengths differ widely. */
export function sharesMuch(groups: readonly Group[], lengths: Lengths, { rows }: Sorted = sorted(groups)): boolean {
  const padding = groups.reduce((sum, group) => sum + rowsOf(paddedSizes([group], lengths)), 0)
  return padded(rows, lengths) <= Math.min(SHARED * padding, padding - FEWER)
}

function paddedSizes(groups: readonly Group[], lengths: Lengths): BatchSizes {
  return {
    groups: groups.length,
    samples: Math.max(...groups.map(({ completions }) => completions.length)),
    prompt: padded(Math.max(...groups.map(({ prompt }) => prompt.length - 1)), lengths),
    completion: padded(
      Math.max(1, ...groups.flatMap(({ completions }) => completions.map((ids) => ids.length))),
      lengths,
    ),
  }
}

/**
 * A row for every beginning that has a token after it. Rows that predict a token of a completion come last; in both parts rows are in
 * the order of their numbers.
 */
export function forestBatch(
  groups: readonly Group[],
  { config, portions: { lengths } }: Sized,
  order: Sorted = sorted(groups),
): Batch {
  const forest = forestOf(groups, order)
  const count = forest.ids.length
  const last = forest.predicts.reduce((sum, predicts) => sum + Number(predicts), 0)
  const [P, M] = [padded(count - last, lengths), padded(Math.max(1, last), lengths)]
  const T = P + M
  let [before, after] = [0, P]
  const rowOf = Int32Array.from(forest.predicts, (predicts) => (predicts ? after++ : before++))
  const ids = new BigInt64Array(T)
  const positions = new Int32Array(T)
  const labels = new BigInt64Array(M)
  const parents = new Int32Array(T).fill(-1)
  // Padding sees itself alone, and nobody sees it.
  const numbers = Int32Array.from({ length: T }, (_, row) => count + row)
  const ends = numbers.slice()
  rowOf.forEach((row, number) => {
    const parent = forest.parents[number]!
    ids[row] = BigInt(forest.ids[number]!)
    positions[row] = forest.positions[number]!
    parents[row] = parent < 0 ? -1 : rowOf[parent]!
    numbers[row] = number
    ends[row] = forest.ends[number]!
    if (row >= P) labels[row - P] = BigInt(forest.labels[number]!)
  })
  return {
    sizes: { groups: 1, samples: 1, prompt: P, completion: M },
    ids,
    ...angles(config, positions),
    promptMask: undefined,
    labels,
    paths: forest.paths.map((group) => group.map((path) => path.map((number) => rowOf[number]!))),
    branches: { parents, numbers, ends, positions },
  }
}

/** A row for every token of the longest prompt and of the longest completions, as many times as there are any. */
export function paddedBatch(groups: readonly Group[], { config, portions }: Sized): Batch {
  const sizes = paddedSizes(groups, portions.lengths)
  const { groups: N, samples: G, prompt: P, completion: R } = sizes
  const T = rowsOf(sizes)
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
  const paths = groups.map(({ prompt, completions }, n) =>
    completions.map((completion, g) => {
      const [rows, first] = [prompt.length - 1, N * P + (n * G + g) * R]
      return Int32Array.from({ length: rows + completion.length }, (_, i) => (i < rows ? n * P + i : first + i - rows))
    }),
  )
  return { sizes, ids, ...angles(config, positions), promptMask, labels, paths }
}

/** Ids with a token after them that nobody reads: a value at the end of a text stands where that would be predicted. */
export const withEnd = (ids: readonly number[]): number[] => [...ids, 0]

/** A sequence that has a completion row at each of its positions (see withEnd). */
export const wholeSequence = (ids: readonly number[]): Group => ({
  prompt: ids.slice(0, 1),
  completions: [withEnd(ids.slice(1))],
})

/** A flat [N·G·R] array as lists of each completion's own tokens. */
export function perToken(flat: Float32Array, groups: readonly Group[], batch: Batch): PerToken {
  return groups.map(({ completions }, n) =>
    completions.map((_, g) => Float32Array.from(predicting(groups, batch, n, g), (row) => flat[row]!)),
  )
}

/** The reverse of perToken: what several completions share is the sum of theirs; padding is 0. */
export function flatten(values: PerToken, groups: readonly Group[], batch: Batch): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(batch.labels.length)
  values.forEach((group, n) =>
    group.forEach((tokens, g) => predicting(groups, batch, n, g).forEach((row, t) => (flat[row]! += tokens[t]!))),
  )
  return flat
}

/** The row of each token of a completion among the rows of completions. */
export function predicting(
  groups: readonly Group[],
  { sizes, labels, paths }: Batch,
  n: number,
  g: number,
): Int32Array {
  const first = rowsOf(sizes) - labels.length
  return paths[n]![g]!.subarray(groups[n]!.prompt.length - 1).map((row) => row - first)
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
export function microBatches(groups: readonly Group[], rows: number, lengths: Lengths): number[][] {
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
    const [p, r] = [Math.max(P, padded(next.P, lengths)), Math.max(R, padded(next.R, lengths))]
    const G = current.length > 0 ? shapes[current[0]!]!.G : next.G
    if (current.length > 0 && (next.G !== G || (current.length + 1) * (p + G * r) > rows)) {
      batches.push(current)
      current = []
      ;[P, R] = [padded(next.P, lengths), padded(next.R, lengths)]
    } else [P, R] = [p, r]
    current.push(i)
  }
  if (current.length > 0) batches.push(current)
  return batches
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
