// What the new tokens of a decoding pass see: masks of their own lanes, and of the prompts that these go on from.
//
// Letters as in block.ts; R lanes of t entries, n tokens of each at most; p entries of the longest of N prompts.
import { MASKED, PASSED } from '../net/sizes.ts'
import type { Lanes } from './lanes.ts'

/** 0 where an entry is seen, very negative where not. */
export interface Mask {
  shape: readonly [number, 1, number, number]
  values: Float32Array<ArrayBuffer>
}

export interface Fed {
  lanes: Lanes
  shared?: Lanes | undefined
  tokens: readonly (readonly number[])[]
}

/**
 * The masks [R, 1, n·S, t], with one row a lane where it has one token, and [N, 1, 1, p] where all tokens see the whole of their prompts,
 * or [N, 1, (R/N)·n·S, p]. A token at place i of its lane sees those after i − `window`, all where it is undefined.
 */
export function masksOf(
  { lanes, shared, tokens }: Fed,
  { n, length, S }: { n: number; length: number; S: number },
  window: number | undefined,
): { own: Mask; prompt: Mask | undefined } {
  const heads = n === 1 ? 1 : S
  const own = maskOf(lanes.count, n * heads, length)
  tokens.forEach((some, lane) =>
    some.forEach((_, i) => {
      const at = lanes.lengths[lane]! + i
      for (let s = 0; s < heads; s++) own.see(lane, i * heads + s, window === undefined ? 0 : at + 1 - window, at + 1)
    }),
  )
  if (!shared) return { own, prompt: undefined }
  const p = Math.max(0, ...shared.lengths)
  const G = lanes.count / shared.count
  const prompt = maskOf(shared.count, window === undefined ? 1 : G * n * S, p)
  if (window === undefined) shared.lengths.forEach((held, prompts) => prompt.see(prompts, 0, 0, held))
  else
    tokens.forEach((some, lane) => {
      const held = shared.lengths[Math.floor(lane / G)]!
      some.forEach((_, i) => {
        const first = held + lanes.lengths[lane]! + i + 1 - window
        for (let s = 0; s < S; s++) prompt.see(Math.floor(lane / G), ((lane % G) * n + i) * S + s, first, held)
      })
    })
  return { own, prompt }
}

/** A mask of `count` matrices, and what leaves in a row the columns from `first` to `end` alone. */
function maskOf(
  count: number,
  rows: number,
  columns: number,
): Mask & { see(index: number, row: number, first: number, end: number): void } {
  const values = new Float32Array(count * rows * columns)
  return {
    shape: [count, 1, rows, columns],
    values,
    see(index, row, first, end) {
      const start = (index * rows + row) * columns
      values.fill(PASSED, start, start + Math.min(end, Math.max(0, first)))
      values.fill(MASKED, start + end, start + columns)
    },
  }
}
