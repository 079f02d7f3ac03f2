// The whole step of a token as one graph: every layer, the head and the draw. It feeds itself: run again, it reads the token that it
// has written. So a device can be given many runs before the host looks at one of them, and all of them at the same addresses.
//
// Letters as in block.ts; B rows, M places of a row's cache, C tokens between two looks of the host, V vocabulary.
import { absent, cast, constant, cut, input, op, opAll, type Cut } from '../graph/graph.ts'
import type { Value } from '../graph/value.ts'
import { dtypes } from '../graph/tensor.ts'
import { type ModelConfig, type Role, shapeOf, windowOf } from '../weights/family.ts'
import { linear, normalize } from './block.ts'
import { drawn, drawnWithin } from './draw.ts'
import { headSizes } from './attention.ts'
import type { Net } from './net.ts'
import { packShape, type Pack } from './packs.ts'

export interface TokenSizes {
  /** B */
  rows: number
  /** M */
  places: number
  /** C */
  tokens: number
}

/** The name of what a layer has of its own. */
export const inLayer = (name: string, layer: number): string => `${name}.${layer}`

/**
 * Read and replaced in place: `ids` [B], the tokens to read; `held` [B], entries of each row's cache; `written` and `logprobs` [B, C];
 * the caches `keys.l` and `values.l` [B, K, M, H]. An output may replace its input because all that reads the input is needed for it.
 * Read alone: weights, cosines and sines of M positions, `start` [B], what was held when the host looked last, `uniforms` [B, C], below
 * 0 where the most likely token is taken instead of one that is drawn, and `scale` [B, 1], the inverse of each row's temperature. Where
 * laws may be `cutting`: `cuts` [B, 1], 1 for rows whose law does, and how far (draw.ts).
 */
export function tokenGraph(net: Net, sizes: TokenSizes, cutting = false): Cut {
  const { config, precision } = net
  const { rows: B, places: M, tokens: C } = sizes
  const { K, H } = headSizes(config)
  const inputs: Record<string, Value> = {}
  const outputs: Record<string, Value> = {}
  const given = (name: string, value: Value): Value => (inputs[name] = value)
  const weight = (role: Role, layer?: number) =>
    given(layer === undefined ? role : inLayer(role, layer), input(precision.weights, shapeOf(config, role)))
  const packed = (pack: Pack, layer: number) =>
    given(inLayer(pack, layer), input(precision.weights, packShape(config, pack)))

  const ids = given('ids', input('i64', [B]))
  const held = given('held', input('i32', [B]))
  const start = given('start', input('i32', [B]))
  const turn = op('Sub', [held, start])
  const place = cast(op('Reshape', [turn], { shape: [B, 1] }), 'i64')
  const cos = given('cos', input(precision.compute, [M, H / 2]))
  const sin = given('sin', input(precision.compute, [M, H / 2]))
  const embed = weight('embed')
  const cached = (name: string, layer: number) => given(inLayer(name, layer), input(precision.compute, [B, K, M, H]))

  // Each sum of the residual stream is taken together with the norm that follows it.
  let stream = cast(op('Gather', [embed, ids]), precision.compute)
  let normed = normalize(stream, weight('norm1', 0), config)
  for (let layer = 0; layer < config.layers; layer++) {
    const projected = linear(normed, packed('qkv', layer))
    const biased = config.qkvBias
      ? op('Add', [projected, cast(packed('qkvBias', layer), precision.compute)])
      : projected
    const norms = config.qkNorm ? { q: weight('qNorm', layer), k: weight('kNorm', layer) } : undefined
    const caches = [cached('keys', layer), cached('values', layer)] as const
    const [attended, keys, values] = attend(
      net,
      sizes,
      biased,
      norms,
      caches,
      { held, cos, sin },
      windowOf(config, layer),
    )
    outputs[inLayer('keys', layer)] = keys!
    outputs[inLayer('values', layer)] = values!
    const o = linear(op('Reshape', [attended!], { shape: [B, -1] }), weight('o', layer))
    const middle = addNormed(config, stream, o, weight('norm2', layer))
    const { intermediate } = config
    const hidden = linear(middle.normed, packed('gateUp', layer))
    const [gate, up] = opAll('Split', [hidden], { axis: 1, split: [intermediate, intermediate] })
    const down = linear(op('Mul', [op('QuickGelu', [gate!], { alpha: 1 }), up!]), weight('down', layer))
    const next = layer + 1 < config.layers ? weight('norm1', layer + 1) : weight('finalNorm')
    ;({ stream, normed } = addNormed(config, middle.stream, down, next))
  }
  const head = config.tied ? embed : weight('head')
  const logits = cast(linear(normed, head), precision.reduce)
  const logs = op('LogSoftmax', [op('Mul', [logits, given('scale', input('f32', [B, 1]))])], { axis: -1 })
  const uniform = op('GatherElements', [given('uniforms', input('f32', [B, C])), place], { axis: 1 })
  const p = op('Exp', [logs])
  const any = drawn(p, uniform, B, config.vocabulary)
  const likeliest = op('ArgMax', [logs], { axis: -1, keepdims: 1 })
  const greedy = cast(op('Less', [uniform, constant(Float32Array.of(0), [1], 'f32')]), 'i64')
  const free = mixed(any, likeliest, greedy)
  const plain = { id: free, logprob: op('GatherElements', [logs, free], { axis: 1 }) }
  const { id, logprob } = cutting ? within(p, uniform, plain) : plain
  // No id is below 0: a one that is there when the id is.
  const one = op('LessOrEqual', [constant(BigInt64Array.of(0n), [1], 'i64'), id])
  outputs['ids'] = op('Reshape', [id], { shape: [B] })
  outputs['held'] = op('Add', [op('Add', [start, turn]), op('Reshape', [cast(one, 'i32')], { shape: [B] })])
  const put = (name: string, dtype: 'i64' | 'f32', value: Value) =>
    (outputs[name] = op('ScatterElements', [given(name, input(dtype, [B, C])), place, value], {
      axis: 1,
      reduction: 'none',
    }))
  put('written', 'i64', id)
  put('logprobs', 'f32', logprob)
  return cut(`token-${B}-${M}${cutting ? '-cut' : ''}`, inputs, outputs)

  /** Rows whose law cuts their distribution are drawn from what it leaves. */
  function within(p: Value, uniform: Value, plain: Drawn): Drawn {
    const [topK, topP, minP] = cutNames.map((name) => given(name, input('f32', [B, 1]))) as [Value, Value, Value]
    const cuts = given('cuts', input('i64', [B, 1]))
    const other = drawnWithin(p, uniform, { topK, topP, minP }, B, config.vocabulary)
    return {
      id: mixed(plain.id, other.id, cuts),
      logprob: mixed(plain.logprob, other.logprob, cast(cuts, plain.logprob.dtype)),
    }
  }
}

/** A token and its log-prob, [B, 1]. */
type Drawn = { id: Value; logprob: Value }

/** What a law may cut, by the name of what says how far. */
export const cutNames = ['topK', 'topP', 'minP'] as const

/** `a` where `which` is 0, `b` where it is 1. */
const mixed = (a: Value, b: Value, which: Value): Value => op('Add', [a, op('Mul', [which, op('Sub', [b, a])])])

/** Attention of projected rows [B, (K·S + 2K)·H] to their caches: its output and both caches. */
function attend(
  { config, precision }: Net,
  { rows: B, places: M }: TokenSizes,
  projected: Value,
  norms: { q: Value; k: Value } | undefined,
  caches: readonly [Value, Value],
  { held, cos, sin }: Record<'held' | 'cos' | 'sin', Value>,
  window: number | undefined,
): readonly Value[] {
  const { K, S, H, scale } = headSizes(config)
  // The longest that a row may be does for all: what a row holds is in `held`, and a number here would have to be on the host.
  const total = op('Cast', [constant(BigInt64Array.of(BigInt(M)), [1], 'i64')], { to: dtypes.i32.code })
  const row = (value: Value) => op('Reshape', [value], { shape: [B, 1, -1] })
  let operands: readonly Value[] = [row(projected), absent, absent]
  if (norms) {
    const [q, k, v] = opAll('Split', [projected], { axis: 1, split: [K * S * H, K * H, K * H] })
    const each = (value: Value, norm: Value) =>
      normalize(op('Reshape', [value], { shape: [-1, H] }), cast(norm, precision.compute), config)
    operands = [row(each(q!, norms.q)), row(each(k!, norms.k)), row(v!)]
  }
  const attributes = {
    num_heads: K * S,
    kv_num_heads: K,
    do_rotary: 1,
    scale,
    ...(window !== undefined && { local_window_size: window }),
  }
  return opAll('GroupQueryAttention', [...operands, ...caches, held, total, cos, sin], attributes)
}

/** x + y and its norm. */
function addNormed({ rmsNormEps }: ModelConfig, x: Value, y: Value, weight: Value): { stream: Value; normed: Value } {
  const operands = [x, y, cast(weight, x.dtype)]
  const [normed, , , stream] = opAll('SkipSimplifiedLayerNormalization', operands, { epsilon: rmsNormEps })
  return { stream: stream!, normed: normed! }
}
