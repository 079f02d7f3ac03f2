// One transformer block as a graph: RMSNorm, rotary grouped-query attention, SiLU-gated MLP. Training, prefill and decoding are
// this one description: they differ in what the rows attend to and in how linear maps are computed.
//
// Letters: N groups, G completions a group, P prompt rows, R completion rows, T = N·P + N·G·R rows, D hidden,
// K key-value heads, S query heads per key-value head, H head size.
// Rows of x [T, D]: all prompts (n-major), then all completions (n-major, then g). A prompt's last token is not among its
// rows: it is the first row of each of its completions, so that every completion row predicts a token.
import type { LayerRole, LinearRole, ModelConfig } from '../weights/family.ts'
import type { Value } from '../graph/value.ts'
import { cast, constant, op } from '../graph/graph.ts'

export type BlockWeights = Readonly<Partial<Record<LayerRole, Value>>>

export interface BlockInputs {
  /** [T, D] */
  x: Value
  weights: BlockWeights
  /** Cosines and sines of each row's position, [T, H/2]. */
  cos: Value
  sin: Value
}

/** Attention over rotated queries [T, K·S·H], rotated keys and values [T, K·H]; its output is [T, K·S·H]. */
export type Attend<Attended> = (queries: Value, keys: Value, values: Value) => Attended

/** x·Wᵀ of W [out, in] in three places. What `enter` gives may lie in another way: `leave` takes it from there. */
export interface LinearMaps {
  /** x [T, in] → [T, out] */
  across(x: Value, weight: Value): Value
  /** x [T, in] → the hidden layer of the MLP. */
  enter(x: Value, weight: Value): Value
  /** The hidden layer → [T, out] */
  leave(hidden: Value, weight: Value): Value
}

/** A linear map of the block: adapters take their gradients from its two ends. */
export interface Linear {
  input: Value
  output: Value
}

export interface Block<Attended> {
  /** [T, D] */
  y: Value
  attended: Attended
  linears: Readonly<Record<LinearRole, Linear>>
  /** What backward would otherwise compute again, [T, width] each. */
  activations: Readonly<Record<'queries' | 'keys' | 'values' | 'attended' | 'middle' | 'gates' | 'ups', Value>>
}

export function block<Attended extends { output: Value }>(
  config: ModelConfig,
  { x, cos, sin, weights }: BlockInputs,
  attend: Attend<Attended>,
  maps: LinearMaps = rowMaps,
): Block<Attended> {
  const weight = (role: LayerRole) => {
    const value = weights[role]
    if (value === undefined) throw new Error(`block: no weight for ${role}`)
    return value
  }
  const project = (role: LinearRole, bias: LayerRole) => {
    const mapped = maps.across(normed1, weight(role))
    return config.qkvBias ? op('Add', [mapped, cast(weight(bias), mapped.dtype)]) : mapped
  }
  const turn = (output: Value, norm: LayerRole, heads: number) => {
    const perHead = config.qkNorm
      ? normalize(op('Reshape', [output], { shape: [-1, config.headDim] }), weight(norm), config)
      : output
    const position = constant(BigInt64Array.of(0n), [1], 'i64')
    const sequence = op('Reshape', [perHead], { shape: [1, -1, heads * config.headDim] })
    const rotated = op('RotaryEmbedding', [sequence, position, cos, sin])
    return op('Reshape', [rotated], { shape: [-1, heads * config.headDim] })
  }
  const normed1 = normalize(x, weight('norm1'), config)
  const q = project('q', 'qBias')
  const k = project('k', 'kBias')
  const values = project('v', 'vBias')
  const queries = turn(q, 'qNorm', config.heads)
  const keys = turn(k, 'kNorm', config.kvHeads)
  const attended = attend(queries, keys, values)
  const o = maps.across(attended.output, weight('o'))
  const middle = op('Add', [x, o])
  const normed2 = normalize(middle, weight('norm2'), config)
  const gates = maps.enter(normed2, weight('gate'))
  const ups = maps.enter(normed2, weight('up'))
  const gated = op('Mul', [op('QuickGelu', [gates], { alpha: 1 }), ups])
  const down = maps.leave(gated, weight('down'))
  return {
    y: op('Add', [middle, down]),
    attended,
    linears: {
      q: { input: normed1, output: q },
      k: { input: normed1, output: k },
      v: { input: normed1, output: values },
      o: { input: attended.output, output: o },
      gate: { input: normed2, output: gates },
      up: { input: normed2, output: ups },
      down: { input: gated, output: down },
    },
    activations: { queries, keys, values, attended: attended.output, middle, gates, ups },
  }
}

/** RMSNorm over the last axis. */
export function normalize(x: Value, weight: Value, { rmsNormEps }: ModelConfig): Value {
  const attributes = { axis: -1, epsilon: rmsNormEps, stash_type: 1 }
  return op('SimplifiedLayerNormalization', [x, cast(weight, x.dtype)], attributes)
}

/** x [rows, in] · W [out, in]ᵀ */
export function linear(x: Value, weight: Value): Value {
  return op('FusedMatMul', [x, cast(weight, x.dtype)], { transA: 0, transB: 1, alpha: 1 })
}

/** Everything as rows. */
const rowMaps: LinearMaps = { across: linear, enter: linear, leave: linear }
