// Reads config.json of a Hugging Face model folder into a ModelConfig; what hone cannot run is refused by name.
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError, lookup, unknownName } from '../../error.ts'
import { endings, families, type Family, type HeadKind, type ModelConfig, type Sliding } from './family.ts'
import { readJson } from './folder.ts'
import { type Rope, scalingKinds } from './rope.ts'

/** Above 0, and within float32. */
const Positive = v.pipe(v.number(), v.gtValue(0), v.maxValue(1e30))
const Size = v.pipe(v.number(), v.integer(), v.minValue(1))
const RopeFields = v.looseObject({
  rope_theta: v.optional(Positive),
  rope_type: v.optional(v.string()),
  type: v.optional(v.string()),
  partial_rotary_factor: v.optional(v.number()),
})

const ConfigJson = v.looseObject({
  model_type: v.string(),
  architectures: v.optional(v.array(v.string())),
  hidden_size: Size,
  num_hidden_layers: Size,
  num_attention_heads: Size,
  num_key_value_heads: v.nullish(Size),
  head_dim: v.nullish(Size),
  intermediate_size: Size,
  vocab_size: Size,
  max_position_embeddings: Size,
  tie_word_embeddings: v.optional(v.boolean(), false),
  rms_norm_eps: v.optional(Positive, 1e-6),
  hidden_act: v.optional(v.string(), 'silu'),
  attention_bias: v.optional(v.boolean(), false),
  mlp_bias: v.optional(v.boolean(), false),
  use_sliding_window: v.optional(v.boolean(), false),
  sliding_window: v.optional(v.nullable(Size), 4096),
  max_window_layers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 28),
  layer_types: v.nullish(v.array(v.picklist(['full_attention', 'sliding_attention']))),
  rope_theta: v.optional(Positive),
  rope_scaling: v.nullish(RopeFields),
  rope_parameters: v.nullish(RopeFields),
})
type ConfigJson = v.InferOutput<typeof ConfigJson>

/** The model in `dir` as its config.json describes it. Throws HoneError for a folder that hone cannot run, or one with another head, unless `fresh` puts one of its kind in the place of that. */
export function loadConfig(dir: string, head: HeadKind = 'language', { fresh = false } = {}): ModelConfig {
  const at = join(dir, 'config.json')
  const json = readJson(at)
  const kind = v.safeParse(v.looseObject({ model_type: v.string() }), json)
  if (!kind.success) throw new HoneError('Cannot read the model: config.json names no model_type', { at })
  const family = lookup(families, 'architecture', kind.output.model_type, { at })
  const parsed = v.safeParse(ConfigJson, json)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new HoneError(`Cannot read the model: ${v.getDotPath(issue) ?? 'config.json'}: ${issue.message}`, { at })
  }
  const said = parsed.output
  const top = headOf(said, family, head, { fresh, at })
  refuse(said, at)
  const heads = said.num_attention_heads
  const config: ModelConfig = {
    family: said.model_type,
    hidden: said.hidden_size,
    layers: said.num_hidden_layers,
    heads,
    kvHeads: said.num_key_value_heads ?? heads,
    headDim: said.head_dim ?? family.headDim(said.hidden_size, heads),
    intermediate: said.intermediate_size,
    vocabulary: said.vocab_size,
    ...top,
    tied: said.tie_word_embeddings,
    rmsNormEps: said.rms_norm_eps,
    qkvBias: family.qkvBias,
    qkNorm: family.qkNorm,
    rope: ropeOf(said, at),
    sliding: slidingOf(said),
    maxPositions: said.max_position_embeddings,
  }
  if (heads % config.kvHeads !== 0)
    throw new HoneError(
      `Cannot read the model: ${heads} attention heads do not divide among ${config.kvHeads} key-value heads`,
      { at },
    )
  if (config.headDim % 2 !== 0)
    throw new HoneError(`Cannot read the model: head_dim ${config.headDim} is not an even whole number`, { at })
  return config
}

/** A window as long as the model's positions hides nothing. */
function slidingOf(said: ConfigJson): Sliding | undefined {
  const window = said.sliding_window
  if (window === null || window >= said.max_position_embeddings) return undefined
  return {
    window,
    asked: said.use_sliding_window,
    from: said.max_window_layers,
    types: said.layer_types ?? undefined,
  }
}

/** Both spellings: rope_parameters holds everything, or rope_theta stands at the top beside rope_scaling. */
function ropeOf(said: ConfigJson, at: string): Rope {
  const fields = said.rope_parameters ?? said.rope_scaling ?? {}
  const name = fields.rope_type ?? fields.type ?? 'default'
  const kind = lookup(scalingKinds, 'RoPE scaling', name, { at })
  if ((fields.partial_rotary_factor ?? 1) !== 1)
    throw new HoneError('Cannot run the model: partial_rotary_factor is not 1', { at })
  const scaling = v.safeParse(kind.schema, fields)
  if (!scaling.success) {
    const issue = scaling.issues[0]
    throw new HoneError(
      `Cannot read the model: RoPE scaling '${name}': ${v.getDotPath(issue) ?? ''}: ${issue.message}`,
      { at },
    )
  }
  return { theta: fields.rope_theta ?? said.rope_theta ?? 10_000, scaling: scaling.output }
}

/** The head that the architecture names, which must be of the kind that is needed. */
function headOf(
  { architectures = [] }: ConfigJson,
  { line }: Family,
  head: HeadKind,
  { fresh, at }: { fresh: boolean; at: string },
) {
  const known = Object.entries(endings).map(([ending, top]) => ({ name: line + ending, top }))
  const fit = known.filter(({ top }) => top.head === head)
  const other = architectures.find((name) => !known.some((one) => one.name === name))
  if (other !== undefined)
    throw unknownName(
      'architecture',
      other,
      fit.map(({ name }) => name),
      { at },
    )
  const [name = fit[0]!.name] = architectures
  const { top } = known.find((one) => one.name === name)!
  if (top.head !== head && fresh) return fit[0]!.top
  if (top.head !== head)
    throw new HoneError(`Cannot run the model: ${name} has a ${top.head} head, and a ${head} head is needed`, { at })
  return top
}

function refuse(said: ConfigJson, at: string): void {
  const unsupported = [
    said.hidden_act !== 'silu' && `hidden_act '${said.hidden_act}'`,
    said.attention_bias && 'attention_bias',
    said.mlp_bias && 'mlp_bias',
  ].find((reason) => reason !== false)
  if (unsupported !== undefined) throw new HoneError(`Cannot run the model: ${unsupported} is not supported`, { at })
}
