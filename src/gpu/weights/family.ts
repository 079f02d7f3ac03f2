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
  head: HeadKind
  /** The language head is the embedding itself. */
  tied: boolean
  /** The scalar head adds a constant. */
  scoreBias: boolean
  rmsNormEps: number
  qkvBias: boolean
  qkNorm: boolean
  rope: Rope
  /** Undefined where every row sees all before it. */
  sliding: Sliding | undefined
  maxPositions: number
}

/** What stands on the blocks: scores of the next token, or a number. */
export type HeadKind = 'language' | 'scalar'

interface RoleRow {
  /** [out, in] for matrices. */
  shape: (config: ModelConfig) => number[]
  /** Absent: in every model. */
  when?: (config: ModelConfig) => boolean
  /** A linear map of the block, which an adapter can be added to. */
  linear?: true
}

const query = ({ heads, headDim }: ModelConfig) => heads * headDim
const keyValue = ({ kvHeads, headDim }: ModelConfig) => kvHeads * headDim

/** The tensors of a block in the order of the forward pass. */
const layerTable = {
  norm1: { shape: ({ hidden }) => [hidden] },
  q: { shape: (config) => [query(config), config.hidden], linear: true },
  qBias: { shape: (config) => [query(config)], when: ({ qkvBias }) => qkvBias },
  k: { shape: (config) => [keyValue(config), config.hidden], linear: true },
  kBias: { shape: (config) => [keyValue(config)], when: ({ qkvBias }) => qkvBias },
  v: { shape: (config) => [keyValue(config), config.hidden], linear: true },
  vBias: { shape: (config) => [keyValue(config)], when: ({ qkvBias }) => qkvBias },
  qNorm: { shape: ({ headDim }) => [headDim], when: ({ qkNorm }) => qkNorm },
  kNorm: { shape: ({ headDim }) => [headDim], when: ({ qkNorm }) => qkNorm },
  o: { shape: (config) => [config.hidden, query(config)], linear: true },
  norm2: { shape: ({ hidden }) => [hidden] },
  gate: { shape: ({ intermediate, hidden }) => [intermediate, hidden], linear: true },
  up: { shape: ({ intermediate, hidden }) => [intermediate, hidden], linear: true },
  down: { shape: ({ hidden, intermediate }) => [hidden, intermediate], linear: true },
} satisfies Record<string, RoleRow>

/** The tensors after the blocks. */
const topTable = {
  finalNorm: { shape: ({ hidden }) => [hidden] },
  head: {
    shape: ({ vocabulary, hidden }) => [vocabulary, hidden],
    when: ({ head, tied }) => head === 'language' && !tied,
  },
  score: { shape: ({ hidden }) => [1, hidden], when: ({ head }) => head === 'scalar' },
  scoreBias: { shape: () => [1], when: ({ scoreBias }) => scoreBias },
} satisfies Record<string, RoleRow>

const roleTable: Record<Role, RoleRow> = {
  embed: { shape: ({ vocabulary, hidden }) => [vocabulary, hidden] },
  ...layerTable,
  ...topTable,
}

/** What a tensor is for. */
export type Role = 'embed' | keyof typeof topTable | LayerRole
export type LayerRole = keyof typeof layerTable
/** Roles of linear maps. */
export type LinearRole = {
  [R in LayerRole]: (typeof layerTable)[R] extends { linear: true } ? R : never
}[LayerRole]

/** Whether the role is one of the scalar head alone. */
export const isScalarRole = (role: Role): boolean => role === 'score' || role === 'scoreBias'

const rolesIn = <R extends Role>(table: Record<R, RoleRow>) => Object.keys(table) as R[]

/** Linear maps of a block, which can carry an adapter. */
export const adaptable = rolesIn(layerTable).filter((role): role is LinearRole => roleTable[role].linear === true)

/** One weight: its role, its layer (undefined outside the blocks), its Hugging Face name and its shape ([out, in] for matrices). */
export interface Parameter {
  role: Role
  layer: number | undefined
  name: string
  shape: readonly number[]
}

export interface Family {
  what: string
  /** Begins the names of its architectures. */
  line: string
  qkvBias: boolean
  qkNorm: boolean
  slides: SlidingRule
  /** In GGUF files: its architecture, and whether llama.cpp rotates neighbours of a head instead of its halves. */
  gguf: { architecture: string; interleaved: boolean }
  /** Width of a head where config.json does not say. */
  headDim: (hidden: number, heads: number) => number
  names: Record<Role, string>
}

/** What config.json says of sliding windows. */
export interface Sliding {
  /** sliding_window: how many positions a row sees, its own included. */
  window: number
  /** use_sliding_window */
  asked: boolean
  /** max_window_layers */
  from: number
  /** layer_types */
  types: readonly string[] | undefined
}

/** Which layers slide. */
type SlidingRule = (said: Sliding, layer: number) => boolean

/** Where it is asked for, the upper layers, or those that are named. */
const slidesAbove: SlidingRule = ({ asked, from, types }, layer) =>
  asked && (types ? types[layer] === 'sliding_attention' : layer >= from)

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
  score: 'score.weight',
  scoreBias: 'score.bias',
}

const even = (hidden: number, heads: number) => hidden / heads

/** Families by the `model_type` of config.json. */
export const families: Record<string, Family> = {
  llama: {
    what: 'Llama 3, 3.1 and 3.2, and models of that form such as SmolLM2',
    line: 'Llama',
    qkvBias: false,
    qkNorm: false,
    slides: () => false,
    gguf: { architecture: 'llama', interleaved: true },
    headDim: even,
    names: llamaNames,
  },
  mistral: {
    what: 'Mistral 7B, and models of that form, with a sliding window or without',
    line: 'Mistral',
    qkvBias: false,
    qkNorm: false,
    slides: () => true,
    gguf: { architecture: 'llama', interleaved: true },
    headDim: even,
    names: llamaNames,
  },
  qwen2: {
    what: 'Qwen2 and Qwen2.5',
    line: 'Qwen2',
    qkvBias: true,
    qkNorm: false,
    slides: slidesAbove,
    gguf: { architecture: 'qwen2', interleaved: false },
    headDim: even,
    names: llamaNames,
  },
  qwen3: {
    what: 'Qwen3, the dense sizes',
    line: 'Qwen3',
    qkvBias: false,
    qkNorm: true,
    slides: slidesAbove,
    gguf: { architecture: 'qwen3', interleaved: false },
    headDim: () => 128,
    names: llamaNames,
  },
}

/** What ends the name of an architecture, and the head that it says. */
export const endings: Record<string, Pick<ModelConfig, 'head' | 'scoreBias'>> = {
  ForCausalLM: { head: 'language', scoreBias: false },
  ForSequenceClassification: { head: 'scalar', scoreBias: false },
  ForTokenClassification: { head: 'scalar', scoreBias: true },
}

/** How many positions the rows of a layer see, their own included; undefined where they see all before them. */
export const windowOf = ({ family, sliding }: ModelConfig, layer: number): number | undefined =>
  sliding && families[family]!.slides(sliding, layer) ? sliding.window : undefined

/** Hugging Face name of the tensor with that role. */
export function tensorName(config: ModelConfig, role: Role, layer?: number): string {
  return families[config.family]!.names[role].replace('*', String(layer))
}

/** Roles that one block of this model holds, in the order of the forward pass. */
export const layerRoles = (config: ModelConfig): LayerRole[] => present(layerTable, config)

const present = <R extends Role>(table: Record<R, RoleRow>, config: ModelConfig): R[] =>
  rolesIn(table).filter((role) => roleTable[role].when?.(config) ?? true)

/** Shape of the tensor with that role. */
export const shapeOf = (config: ModelConfig, role: Role): number[] => roleTable[role].shape(config)

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
    ...present(topTable, config).map((role) => parameter(role)),
  ]
}
