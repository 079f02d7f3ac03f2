// One transformer block as a graph: RMSNorm, rotary grouped-query attention, SiLU-gated MLP, over a batch of groups.
//
// Letters: N groups, G completions a group, P prompt rows, R completion rows, T = N·P + N·G·R rows, D hidden,
// K key-value heads, S query heads per key-value head, H head size.
// Rows of x [T, D]: all prompts (n-major), then all completions (n-major, then g). A prompt's last token is not among its
// rows: it is the first row of each of its completions, so that every completion row predicts a token.
import type { BatchSizes } from './sizes.ts'
import { attention } from './attention.ts'
import type { LayerRole, ModelConfig } from '../weights/family.ts'
import type { Value } from '../graph/value.ts'
import { cast, constant, op } from '../graph/graph.ts'
import { fixed } from '../graph/shape.ts'

export interface BlockInputs {
  /** [T, D] */
  x: Value
  weights: Readonly<Partial<Record<LayerRole, Value>>>
  /** Cosines and sines of each row's position, [T, H/2]. */
  cos: Value
  sin: Value
  /** 0 where a prompt row is real, very negative where it is padding: [N, 1, 1, 1, 1, P]. Absent where none is padding. */
  promptMask?: Value
}

/** A linear map of the block: adapters take their gradients from its two ends. */
export interface Linear {
  input: Value
  output: Value
}

export interface Block {
  /** [T, D] */
  y: Value
  /** Rotated keys and values of the prompts, [N, K, P, H]. */
  promptKeys: Value | undefined
  promptValues: Value | undefined
  linears: Readonly<Record<'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down', Linear>>
  /** What backward would otherwise compute again. */
  activations: Readonly<Record<string, Value>>
}

export function block(config: ModelConfig, sizes: BatchSizes, inputs: BlockInputs): Block {
  const { x, cos, sin } = inputs
  const weight = weightOf(inputs.weights)
  const normed1 = normalize(x, weight('norm1'), config)
  const { q, k, v } = projections(config, normed1, inputs.weights, cos, sin)
  const attended = attention(config, sizes, q.rotated, k.rotated, v.output, inputs.promptMask)
  const o = linear(attended.output, weight('o'))
  const x1 = op('Add', [x, o])
  const normed2 = normalize(x1, weight('norm2'), config)
  const gate = linear(normed2, weight('gate'))
  const up = linear(normed2, weight('up'))
  const gated = op('Mul', [silu(gate), up])
  const down = linear(gated, weight('down'))
  return {
    y: op('Add', [x1, down]),
    promptKeys: attended.promptKeys,
    promptValues: attended.promptValues,
    linears: {
      q: { input: normed1, output: q.output },
      k: { input: normed1, output: k.output },
      v: { input: normed1, output: v.output },
      o: { input: attended.output, output: o },
      gate: { input: normed2, output: gate },
      up: { input: normed2, output: up },
      down: { input: gated, output: down },
    },
    activations: {
      queries: q.rotated,
      keys: k.rotated,
      values: v.output,
      attended: attended.output,
      middle: x1,
      gates: gate,
      ups: up,
    },
  }
}

/** RMSNorm over the last axis. */
export function normalize(x: Value, weight: Value, { rmsNormEps }: ModelConfig): Value {
  return op('SimplifiedLayerNormalization', [x, cast(weight, x.dtype)], {
    axis: -1,
    epsilon: rmsNormEps,
    stash_type: 1,
  })
}

/** x [rows, in] · W [out, in]ᵀ */
export function linear(x: Value, weight: Value): Value {
  return op('FusedMatMul', [x, cast(weight, x.dtype)], { transA: 0, transB: 1, alpha: 1 })
}

export function silu(x: Value): Value {
  return op('QuickGelu', [x], { alpha: 1 })
}

/** The weight of a role, which must be there. */
export function weightOf(weights: Readonly<Partial<Record<LayerRole, Value>>>): (role: LayerRole) => Value {
  return (role) => {
    const value = weights[role]
    if (value === undefined) throw new Error(`block: no weight for ${role}`)
    return value
  }
}

/** Queries, keys and values of each row, [rows, heads·H]: `output` of the linear `map`, `rotated` after bias, norm and RoPE. */
export function projections(
  config: ModelConfig,
  normed: Value,
  weights: Readonly<Partial<Record<LayerRole, Value>>>,
  cos: Value,
  sin: Value,
  map = linear,
): Record<'q' | 'k' | 'v', { output: Value; rotated: Value }> {
  const weight = weightOf(weights)
  const project = (role: 'q' | 'k' | 'v', bias: LayerRole) => {
    const mapped = map(normed, weight(role))
    return config.qkvBias ? op('Add', [mapped, cast(weight(bias), mapped.dtype)]) : mapped
  }
  const turn = (output: Value, norm: LayerRole, heads: number) => {
    const rows = fixed(output.shape[0])
    const perHead = config.qkNorm
      ? normalize(op('Reshape', [output], { shape: [rows * heads, config.headDim] }), weight(norm), config)
      : output
    const position = constant(BigInt64Array.of(0n), [1], 'i64')
    const sequence = op('Reshape', [perHead], { shape: [1, rows, heads * config.headDim] })
    const rotated = op('RotaryEmbedding', [sequence, position, cos, sin])
    return op('Reshape', [rotated], { shape: [rows, heads * config.headDim] })
  }
  const q = project('q', 'qBias')
  const k = project('k', 'kBias')
  const v = project('v', 'vBias')
  return {
    q: { output: q, rotated: turn(q, 'qNorm', config.heads) },
    k: { output: k, rotated: turn(k, 'kNorm', config.kvHeads) },
    v: { output: v, rotated: v },
  }
}
