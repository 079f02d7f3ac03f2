// How much is computed at a time, which is the device's to say: a CPU is fast while a piece stays in its cache, a GPU while it is
// kept busy by few large kernels.

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
}

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
  },
} satisfies Record<string, Portions>
