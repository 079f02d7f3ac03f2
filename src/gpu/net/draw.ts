// Drawing on the device: the inverse of each row's distribution at a given number, all of it or what a law leaves of it.
//
// B rows, V tokens of the vocabulary.
import { cast, constant, op, opAll } from '../graph/graph.ts'
import type { Value } from '../graph/value.ts'

/** Tokens whose probabilities are added up one after the other; sums of so many are then. All of V at once takes a GPU V² steps. */
const STRETCH = 256

/** The token at which the sum of p [B, V] passes `mass` [B, 1], [B, 1]. */
export function drawn(p: Value, mass: Value, B: number, V: number): Value {
  const { parts, sums, running } = stretched(p, B, V)
  const stretch = firstBeyond(running, mass, Math.ceil(V / STRETCH))
  const at = (value: Value) => op('GatherElements', [value, stretch], { axis: 1 })
  const before = op('Sub', [at(running), at(sums)])
  const index = op('Expand', [op('Reshape', [stretch], { shape: [B, 1, 1] })], { shape: [B, 1, STRETCH] })
  const part = op('Reshape', [op('GatherElements', [parts, index], { axis: 1 })], { shape: [B, STRETCH] })
  const within = firstBeyond(op('CumSum', [part], { axis: [1] }), op('Sub', [mass, before]), STRETCH)
  const start = op('Mul', [stretch, constant(BigInt64Array.of(BigInt(STRETCH)), [1], 'i64')])
  return op('Add', [start, within])
}

/** What a law cuts, [B, 1] each; where it cuts nothing, V, more than 1, and 0. */
export interface Cuts {
  topK: Value
  topP: Value
  minP: Value
}

/**
 * A token of what the cuts leave of p [B, V], and its log-prob there, [B, 1] each. As in policy/law.ts each keeps the likeliest of what
 * the one before left, and the number says how far to go in the order of their probabilities.
 */
export function drawnWithin(
  p: Value,
  uniform: Value,
  { topK, topP, minP }: Cuts,
  B: number,
  V: number,
): { id: Value; logprob: Value } {
  const [ranked, ids] = opAll('TopK', [p], { axis: 1, k: [V], largest: 1, sorted: 1 }) as [Value, Value]
  const rank = constant(
    Float32Array.from({ length: V }, (_, i) => i),
    [1, V],
    'f32',
  )
  const sumOf = (value: Value) => op('ReduceSum', [value], { axes: [1], keepdims: 1 })
  const first = cast(op('Less', [rank, topK]), 'f32')
  const enough = op('Mul', [topP, sumOf(op('Mul', [ranked, first]))])
  const before = op('Sub', [runningSum(ranked, B, V), ranked])
  const top = op('Slice', [ranked], { starts: [0], ends: [1], axes: [1] })
  const likely = op('LessOrEqual', [op('Mul', [minP, top]), ranked])
  const others = cast(op('And', [op('Less', [before, enough]), likely]), 'f32')
  const kept = op('Mul', [op('Mul', [ranked, first]), others])
  const total = sumOf(kept)
  const place = drawn(kept, op('Mul', [uniform, total]), B, V)
  const at = (value: Value) => op('GatherElements', [value, place], { axis: 1 })
  return { id: at(ids), logprob: op('Sub', [op('Log', [at(ranked)]), op('Log', [total])]) }
}

/** Σ of p [B, V] up to each token and with it. */
function runningSum(p: Value, B: number, V: number): Value {
  const { parts, sums, running } = stretched(p, B, V)
  const before = op('Reshape', [op('Sub', [running, sums])], { shape: [B, -1, 1] })
  const all = op('Reshape', [op('Add', [op('CumSum', [parts], { axis: [2] }), before])], { shape: [B, -1] })
  return op('Slice', [all], { starts: [0], ends: [V], axes: [1] })
}

/** p as stretches [B, n, STRETCH], the sum of each [B, n], and the sums up to each and with it. */
function stretched(p: Value, B: number, V: number): { parts: Value; sums: Value; running: Value } {
  const count = Math.ceil(V / STRETCH)
  const missing = count * STRETCH - V
  const whole = missing === 0 ? p : op('Concat', [p, nothing(B, missing)], { axis: 1 })
  const parts = op('Reshape', [whole], { shape: [B, count, STRETCH] })
  const sums = op('ReduceSum', [parts], { axes: [2], keepdims: 0 })
  return { parts, sums, running: op('CumSum', [sums], { axis: [1] }) }
}

/** Where running sums [B, n] first pass `value` [B, 1]; where rounding leaves all short of it, where the last one is reached. */
function firstBeyond(running: Value, value: Value, n: number): Value {
  const last = op('Slice', [running], { starts: [n - 1], ends: [n], axes: [1] })
  const short = op('And', [op('LessOrEqual', [running, value]), op('Less', [running, last])])
  return cast(op('ReduceSum', [cast(short, 'f32')], { axes: [1], keepdims: 1 }), 'i64')
}

const nothing = (B: number, width: number): Value => constant(new Float32Array(B * width), [B, width], 'f32')
