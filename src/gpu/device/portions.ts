// How much is computed at a time, which is the device's to say: a CPU is fast while a piece stays in its cache, a GPU while it is
// kept busy by few large kernels.

import type { Float } from '../graph/float.ts'

/** Sizes that there are: from `least` on so many to each doubling. */
export interface Grain {
  least: number
  perDoubling: number
}

/** The least size that there is for so many. */
export function roundUp(count: number, { least, perDoubling }: Grain): number {
  if (count <= least) return least
  const below = least * 2 ** Math.floor(Math.log2(count / least))
  const step = below / perDoubling
  return Math.ceil(below + Math.ceil((count - below) / step) * step)
}

/** The greatest size that so many are enough for; less than the least one where they are not enough for that. */
export function roundDown(count: number, { least, perDoubling }: Grain): number {
  if (count <= least) return count
  const below = least * 2 ** Math.floor(Math.log2(count / least))
  const step = below / perDoubling
  return Math.floor(below + Math.floor((count - below) / step) * step)
}

/** Lengths that sequences are padded to in training: in each stretch the multiples of its step. */
export type Lengths = readonly { upTo: number; step: number }[]

/** Rows that so many are padded to: few enough distinct ones that graphs are used again, little enough waste. */
export function padded(length: number, lengths: Lengths): number {
  const { step } = lengths.find(({ upTo }) => length <= upTo)!
  return Math.ceil(length / step) * step
}

/** How many tokens are written as one graph (net/token.ts), and how many rows of what length lie side by side for that. */
export interface DecodePortions {
  /** What the graph has kernels for. */
  types: readonly Float[]
  /** Tokens between two looks of the host, and where prompts are read beside the writing. */
  tokens: number
  tokensBeside: number
  rows: Grain
  mostRows: number
  places: Grain
  /** Most bytes of the caches. */
  bytes: number
}

/**
 * What the linear maps of a pass of decoding take by its tokens, each up to so many: weights come from memory as often for one token as
 * for some. In tokens of the last entry, a full load; more tokens are several loads.
 */
export type Loads = readonly { upTo: number; cost: number }[]

/** What those of so many tokens take. */
export function loadOf(tokens: number, loads: Loads): number {
  const full = loads.at(-1)!
  const whole = Math.floor((tokens - 1) / full.upTo)
  const rest = tokens - whole * full.upTo
  return whole * full.cost + loads.find(({ upTo }) => rest <= upTo)!.cost
}

/** How prompts are read before something is written after them. */
export interface ReadPortions {
  /** Tokens of a pass at most, and where some sequences write meanwhile. */
  tokens: number
  tokensBeside: number
  /** Of a sequence at a time, where that is more than one. */
  most: number
  /** Bytes of the float32 scores of sequences side by side. */
  scores: number
  /** Bytes of the keys of sequences side by side, a layer's: beyond them the entries of one are too far apart. */
  keys: number
}

/** How much is computed at a time. */
export interface Portions {
  /** Bytes of the float32 scores of a piece of attention, all heads. */
  scores: number
  /** Most rows of a piece that is a part of a sequence: keys beyond the last of them are never touched. */
  mostRows: number
  /** Least: with fewer, more time goes to the keys than to the scores. */
  leastRows: number
  /** Bytes of a float32 hidden layer of the MLP, of the rows of a piece before and after attention. */
  hidden: number
  /** Rows of which the head's logits are held at once. */
  headRows: number
  /** Bytes of activations that a pass keeps for its backward. What is beyond them is computed again. */
  activations: number
  lengths: Lengths
  loads: Loads
  read: ReadPortions
  /** Undefined where tokens are written a pass each. */
  decode?: DecodePortions
}

/**
 * Measured at widths of 192 to 1536. With vectors of sixteen, AVX-512, as many tokens take as long as one. With vectors of eight, AVX2, a row
 * alone runs as fast as its weights come from memory, and a layer of 576 and 1536 takes 1.7 ms of one core for one token, 3.2 for 8, 4.2 for 16.
 */
export const loadsOf = {
  wide: [{ upTo: 16, cost: 16 }],
  narrow: [
    { upTo: 1, cost: 6 },
    { upTo: 8, cost: 12 },
    { upTo: 16, cost: 16 },
  ],
} as const satisfies Record<string, Loads>

/** By kind of device. */
export const portions = {
  /** Measured on two cores: more scores than these leave the cache. */
  cpu: {
    scores: 6 * 2 ** 20,
    mostRows: 128,
    leastRows: 64,
    hidden: 2 ** 22,
    headRows: 128,
    activations: 2 ** 30,
    lengths: [
      { upTo: 128, step: 16 },
      { upTo: 1024, step: 64 },
      { upTo: Infinity, step: 128 },
    ],
    loads: loadsOf.narrow,
    /** Beyond these scores and keys leave the cache. */
    read: { tokens: 2048, tokensBeside: 512, most: 256, scores: 2 ** 23, keys: 3 * 2 ** 20 },
  },
  /**
   * Measured on an H200, a block of 24 layers' Qwen2.5-0.5B with 8192 rows in float16: forward 15.0 ms in the CPU's pieces, 1.79 in
   * these (1.83 with 1024 rows), backward 24.0 and 4.41; the blocks ran in one piece, as they do here. The head's rows and what is
   * kept were not measured: they are as large as a card of 80 GB has room for beside a model of 7 billion weights.
   */
  cuda: {
    scores: 2 ** 30,
    mostRows: 256,
    leastRows: 256,
    hidden: 2 ** 29,
    headRows: 1024,
    activations: 2 ** 33,
    // To compile the graphs of a block takes 0.2 to 0.5 s there, as long as hundreds of runs of them.
    lengths: [
      { upTo: 128, step: 32 },
      { upTo: 256, step: 64 },
      { upTo: 512, step: 128 },
      { upTo: 1024, step: 256 },
      { upTo: 2048, step: 512 },
      { upTo: 4096, step: 1024 },
      { upTo: Infinity, step: 2048 },
    ],
    loads: loadsOf.wide,
    // Not measured: large enough that a prompt of 1024 tokens is a few passes, and the masks, which the host makes, some megabytes.
    read: { tokens: 8192, tokensBeside: 2048, most: 512, scores: 2 ** 26, keys: 2 ** 26 },
    /**
     * Measured there: a token of 32 rows of Qwen2.5-0.5B in 1.49 ms, of 128 in 2.10, whatever the length of their caches; as passes
     * 27 ms. Its attention has no kernel for float32.
     */
    decode: {
      types: ['f16', 'bf16'],
      tokens: 16,
      tokensBeside: 2,
      rows: { least: 8, perDoubling: 1 },
      mostRows: 512,
      places: { least: 512, perDoubling: 2 },
      bytes: 2 ** 34,
    },
  },
} as const satisfies Record<string, Portions>

/** Those of a card of 80 GB on one of so many bytes: it keeps as large a share of them at most. */
export function portionsWithin({ decode, ...rest }: Portions, bytes: number): Portions {
  const share = Math.min(1, bytes / (80 * 1e9))
  return {
    ...rest,
    activations: rest.activations * share,
    ...(decode && { decode: { ...decode, bytes: decode.bytes * share } }),
  }
}
