// Grouped-query attention of a batch of groups, as a graph: prompts to themselves, completions to their prompt and themselves.
//
// Letters as in block.ts.
import { MASKED, type BatchSizes } from './sizes.ts'
import type { ModelConfig } from '../weights/family.ts'
import type { Value } from '../graph/value.ts'
import { constant, op, opAll } from '../graph/graph.ts'
import { fixed } from '../graph/shape.ts'

/** Scores computed at a time: memory grows with the length, not with its square, and a chunk stays in the cache. */
const SCORE_BYTES = 6 * 2 ** 20
/** Prompt queries scored at a time at most: keys beyond the last of them are never touched. */
const QUERY_CHUNK = 128

export interface Attended {
  /** [T, K·S·H] */
  output: Value
  /** Keys and values of the prompts, [N, K, P, H]; undefined where there are none. */
  promptKeys: Value | undefined
  promptValues: Value | undefined
}

/** Prompts attend to themselves; completions to their prompt's keys, kept once a group, and to themselves. */
export function attention(
  config: ModelConfig,
  sizes: BatchSizes,
  q: Value,
  k: Value,
  v: Value,
  /** 0 where a prompt row is real, very negative where it is padding: [N, 1, 1, 1, 1, P]. Undefined where none is padding. */
  promptMask: Value | undefined,
): Attended {
  const { groups: N, samples: G, prompt: P, completion: R } = sizes
  const promptRows = N * P
  const completionRows = N * G * R
  const parts = (rows: Value) =>
    promptRows === 0
      ? [undefined, rows]
      : completionRows === 0
        ? [rows, undefined]
        : opAll('Split', [rows], { axis: 0, split: [promptRows, completionRows] })
  const [promptQ, completionQ] = parts(q)
  const [promptK, completionK] = parts(k)
  const [promptV, completionV] = parts(v)
  const keysOf = (rows: Value) => {
    const shaped = op('Reshape', [rows], { shape: [N, P, config.kvHeads, config.headDim] })
    return op('Transpose', [shaped], { perm: [0, 2, 1, 3] })
  }
  const promptKeys = promptK && keysOf(promptK)
  const promptValues = promptV && keysOf(promptV)
  const outputs: Value[] = []
  if (promptQ) outputs.push(attendPrompt(config, sizes, promptQ, promptKeys!, promptValues!))
  if (completionQ) {
    const prompt = promptKeys && { keys: promptKeys, values: promptValues!, mask: promptMask }
    outputs.push(attendCompletions(config, sizes, completionQ, completionK!, completionV!, prompt))
  }
  return { output: outputs.length === 1 ? outputs[0]! : op('Concat', outputs, { axis: 0 }), promptKeys, promptValues }
}

/** Causal attention of each prompt to itself, in chunks of queries: [N·P, K·S·H]. */
function attendPrompt(config: ModelConfig, sizes: BatchSizes, q: Value, keys: Value, values: Value): Value {
  const { groups: N, prompt: P } = sizes
  const { K, S, H, scale } = headSizes(config)
  const shaped = op('Reshape', [q], { shape: [N, P, K, S, H] })
  const chunks = chunked(
    op('Transpose', [shaped], { perm: [0, 2, 3, 1, 4] }),
    3,
    Math.min(QUERY_CHUNK, scoreRows(N * K * S, P)),
  )
  const attended = chunks.map(({ value, start, size }) => {
    const end = start + size
    const query = op('Reshape', [value], { shape: [N, K, S * size, H] })
    const product = op('FusedMatMul', [query, upTo(keys, 2, end)], { transA: 0, transB: 1, alpha: scale })
    const scores = masked(op('Reshape', [product], { shape: [N, K, S, size, end] }), start)
    const weights = op('Reshape', [op('Softmax', [scores], { axis: -1 })], { shape: [N, K, S * size, end] })
    const mixed = op('FusedMatMul', [weights, upTo(values, 2, end)], { transA: 0, transB: 0, alpha: 1 })
    return op('Reshape', [mixed], { shape: [N, K, S, size, H] })
  })
  const whole = attended.length === 1 ? attended[0]! : op('Concat', attended, { axis: 3 })
  return op('Reshape', [op('Transpose', [whole], { perm: [0, 3, 1, 2, 4] })], { shape: [N * P, K * S * H] })
}

/** Attention of completions to their prompt and to themselves, a few completions at a time: [N·G·R, K·S·H]. */
function attendCompletions(
  config: ModelConfig,
  sizes: BatchSizes,
  q: Value,
  k: Value,
  v: Value,
  prompt: { keys: Value; values: Value; mask: Value | undefined } | undefined,
): Value {
  const { groups: N, samples: G, prompt: P, completion: R } = sizes
  const { K, S, H, scale } = headSizes(config)
  const rowsAtOnce = scoreRows(N * K * S, P + R)
  const atOnce = Math.max(1, Math.floor(rowsAtOnce / R))
  const perHead = op('Transpose', [op('Reshape', [q], { shape: [N, G, R, K, S, H] })], { perm: [0, 3, 1, 4, 2, 5] })
  const own = (rows: Value) =>
    op('Transpose', [op('Reshape', [rows], { shape: [N, G, R, K, H] })], { perm: [0, 3, 1, 2, 4] })
  const keys = chunked(own(k), 2, atOnce)
  const values = chunked(own(v), 2, atOnce)
  const attended = chunked(perHead, 2, atOnce).map(({ value, size: g }, i) => {
    const pieces = chunked(value, 4, rowsAtOnce).map(({ value: query, start, size: r }) => {
      const end = start + r
      const [ownKeys, ownValues] = [upTo(keys[i]!.value, 3, end), upTo(values[i]!.value, 3, end)]
      const perCompletion = op('Reshape', [query], { shape: [N, K, g, S * r, H] })
      const product = op('FusedMatMul', [perCompletion, ownKeys], { transA: 0, transB: 1, alpha: scale })
      const open = op('Reshape', [product], { shape: [N, K, g, S, r, end] })
      const ownScores = masked(open, start)
      const mixOwn = (weights: Value) => {
        const flat = op('Reshape', [weights], { shape: [N, K, g, S * r, end] })
        const mixed = op('FusedMatMul', [flat, ownValues], { transA: 0, transB: 0, alpha: 1 })
        return op('Reshape', [mixed], { shape: [N, K, g, S, r, H] })
      }
      if (!prompt) return mixOwn(op('Softmax', [ownScores], { axis: -1 }))
      const promptScores = scorePrompt(query, prompt, scale)
      const joint = op('Softmax', [op('Concat', [promptScores, ownScores], { axis: -1 })], { axis: -1 })
      const [onPrompt, onOwn] = opAll('Split', [joint], { axis: 5, split: [P, end] })
      return op('Add', [mixPrompt(onPrompt!, prompt.values), mixOwn(onOwn!)])
    })
    return pieces.length === 1 ? pieces[0]! : op('Concat', pieces, { axis: 4 })
  })
  const whole = attended.length === 1 ? attended[0]! : op('Concat', attended, { axis: 2 })
  return op('Reshape', [op('Transpose', [whole], { perm: [0, 2, 4, 1, 3, 5] })], { shape: [N * G * R, K * S * H] })
}

/** A group's prompt scored once against all its queries [N, K, g, S, r, H]: nothing is replicated. [N, K, g, S, r, P] */
function scorePrompt(query: Value, { keys, mask }: { keys: Value; mask: Value | undefined }, scale: number): Value {
  const [N = 0, K = 0, g = 0, S = 0, r = 0, H = 0] = query.shape.map(fixed)
  const flat = op('Reshape', [query], { shape: [N, K, g * S * r, H] })
  const product = op('FusedMatMul', [flat, keys], { transA: 0, transB: 1, alpha: scale })
  const scores = op('Reshape', [product], { shape: [N, K, g, S, r, fixed(keys.shape[2])] })
  return mask ? op('Add', [scores, mask]) : scores
}

/** Values of the prompt mixed by weights [N, K, g, S, r, P]: [N, K, g, S, r, H]. */
function mixPrompt(weights: Value, values: Value): Value {
  const [N = 0, K = 0, g = 0, S = 0, r = 0, P = 0] = weights.shape.map(fixed)
  const flat = op('Reshape', [weights], { shape: [N, K, g * S * r, P] })
  const mixed = op('FusedMatMul', [flat, values], { transA: 0, transB: 0, alpha: 1 })
  return op('Reshape', [mixed], { shape: [N, K, g, S, r, fixed(values.shape[3])] })
}

/** Query rows whose scores against `keys` keys fit the budget, for each of `heads` heads; a few at least. */
function scoreRows(heads: number, keys: number): number {
  return Math.max(16, Math.floor(SCORE_BYTES / (64 * heads * keys)) * 16)
}

/** Sizes of the heads and the scale of their scores, 1/√H. */
export function headSizes({ heads, kvHeads, headDim }: ModelConfig): {
  K: number
  S: number
  H: number
  scale: number
} {
  return { K: kvHeads, S: heads / kvHeads, H: headDim, scale: 1 / Math.sqrt(headDim) }
}

/** Pieces of at most `size` along an axis. */
function chunked(value: Value, axis: number, size: number): { value: Value; start: number; size: number }[] {
  const length = fixed(value.shape[axis])
  if (length <= size) return [{ value, start: 0, size: length }]
  const split = Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size))
  return opAll('Split', [value], { axis, split }).map((piece, i) => ({
    value: piece,
    start: i * size,
    size: split[i]!,
  }))
}

/** The first `end` entries of an axis. */
function upTo(value: Value, axis: number, end: number): Value {
  return end === value.shape[axis] ? value : op('Slice', [value], { starts: [0], ends: [end], axes: [axis] })
}

/** Scores [.., size, end] of which query `start + i` sees those of keys up to its own place. */
function masked(scores: Value, start: number): Value {
  const [size = 0, end = 0] = scores.shape.slice(-2).map(fixed)
  const mask = new Float32Array(size * end)
  for (let i = 0; i < size; i++) mask.fill(MASKED, i * end + start + i + 1, (i + 1) * end)
  return op('Add', [scores, constant(mask, [size, end], scores.dtype)])
}
