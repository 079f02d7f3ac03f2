// The model families hone knows, one row each: what their blocks hold and what Hugging Face calls each tensor.
import type { Rope } from './rope.ts'

/** A decoder-only transformer with RMSNorm, rotary grouped-query attention and a SiLU-gated MLP. */
export interface ModelConfig {
  family: string
  hidden: number
  layers: number
  heads: number
  kvHeads: number
  headDim: number
  intermediate: number
  vocabulary: number
  /** The language-model head is the embedding itself. */
  tied: boolean
  rmsNormEps: number
  qkvBias: boolean
  qkNorm: boolean
  rope: Rope
  maxPositions: number
}

/** What a tensor is for. `head` is absent where the embedding is tied. */
export type Role = 'embed' | 'finalNorm' | 'head' | LayerRole
export type LayerRole =
  'norm1' | 'q' | 'k' | 'v' | 'o' | 'qBias' | 'kBias' | 'vBias' | 'qNorm' | 'kNorm' | 'norm2' | 'gate' | 'up' | 'down'

/** One weight: its role, its layer (undefined outside the blocks), its Hugging Face name and its shape ([out, in] for matrices). */
export interface Parameter {
  role: Role
  layer: number | undefined
  name: string
  shape: readonly number[]
}

export interface Family {
  architecture: string
  qkvBias: boolean
  qkNorm: boolean
  /** Width of a head where config.json does not say. */
  headDim: (hidden: number, heads: number) => number
  names: Record<Role, string>
}

/** Tensor names shared by the families of the Llama line; `*` stands for the layer. */
const llamaNames: Record<Role, string> = {
  embed: 'model.embed_tokens.weight',
  norm1: 'model.layers.*.input_layernorm.weight',
  q: 'model.layers.*.self_attn.q_proj.weight',
  qBias: 'model.layers.*.self_attn.q_proj.bias',
  k: 'model.layers.*.self_attn.k_proj.weight',
  kBias: 'model.layers.*.self_attn.k_proj.bias',
  v: 'model.layers.*.self_attn.v_proj.weight',
  vBias: 'model.layers.*.self_attn.v_proj.bias',
  qNorm: 'model.layers.*.self_attn.q_norm.weight',
  kNorm: 'model.layers.*.self_attn.k_norm.weight',
  o: 'model.layers.*.self_attn.o_proj.weight',
  norm2: 'model.layers.*.post_attention_layernorm.weight',
  gate: 'model.layers.*.mlp.gate_proj.weight',
  up: 'model.layers.*.mlp.up_proj.weight',
  down: 'model.layers.*.mlp.down_proj.weight',
  finalNorm: 'model.norm.weight',
  head: 'lm_head.weight',
}

const even = (hidden: number, heads: number) => hidden / heads

/** Families by the `model_type` of config.json. */
export const families: Record<string, Family> = {
  llama: { architecture: 'LlamaForCausalLM', qkvBias: false, qkNorm: false, headDim: even, names: llamaNames },
  qwen2: { architecture: 'Qwen2ForCausalLM', qkvBias: true, qkNorm: false, headDim: even, names: llamaNames },
  qwen3: { architecture: 'Qwen3ForCausalLM', qkvBias: false, qkNorm: true, headDim: () => 128, names: llamaNames },
}

/** Hugging Face name of the tensor with that role. */
export function tensorName(config: ModelConfig, role: Role, layer?: number): string {
  return families[config.family]!.names[role].replace('*', String(layer))
}

/** Roles that one block of this model holds, in the order of the forward pass. */
export function layerRoles(config: ModelConfig): LayerRole[] {
  const all: LayerRole[] = [
    'norm1',
    'q',
    'qBias',
    'k',
    'kBias',
    'v',
    'vBias',
    'qNorm',
    'kNorm',
    'o',
    'norm2',
    'gate',
    'up',
    'down',
  ]
  return all.filter((role) =>
    role.endsWith('Bias') ? config.qkvBias : role === 'qNorm' || role === 'kNorm' ? config.qkNorm : true,
  )
}

/** Shape of the tensor with that role. */
export function shapeOf(config: ModelConfig, role: Role): number[] {
  const { hidden, intermediate, vocabulary, headDim } = config
  const query = config.heads * headDim
  const keyValue = config.kvHeads * headDim
  const shapes: Record<Role, number[]> = {
    embed: [vocabulary, hidden],
    norm1: [hidden],
    q: [query, hidden],
    qBias: [query],
    k: [keyValue, hidden],
    kBias: [keyValue],
    v: [keyValue, hidden],
    vBias: [keyValue],
    qNorm: [headDim],
    kNorm: [headDim],
    o: [hidden, query],
    norm2: [hidden],
    gate: [intermediate, hidden],
    up: [intermediate, hidden],
    down: [hidden, intermediate],
    finalNorm: [hidden],
    head: [vocabulary, hidden],
  }
  return shapes[role]
}

/** Every weight of the model in the order of the forward pass. */
export function parametersOf(config: ModelConfig): Parameter[] {
  const parameter = (role: Role, layer?: number): Parameter => ({
    role,
    layer,
    name: tensorName(config, role, layer),
    shape: shapeOf(config, role),
  })
  const roles = layerRoles(config)
  return [
    parameter('embed'),
    ...Array.from({ length: config.layers }, (_, layer) => roles.map((role) => parameter(role, layer))).flat(),
    parameter('finalNorm'),
    ...(config.tied ? [] : [parameter('head')]),
  ]
}
