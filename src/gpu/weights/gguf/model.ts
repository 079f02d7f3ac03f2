// A model as one GGUF file, which llama.cpp and what is built on it read: metadata, tokenizer, and the tensors under their names there.
import { HoneError } from '../../../error.ts'
import { families, parametersOf, windowOf, type ModelConfig, type Parameter, type Role } from '../family.ts'
import { inverseFrequencies, type Rope } from '../rope.ts'
import { fitting, type ModelSource } from '../weights.ts'
import { type GgufTensor, type GgufValue, writeGguf } from './container.ts'
import { type GgufType, ggufTypes } from './types.ts'
import { vocabularyOf } from './vocabulary.ts'

/** Tensor names; `*` stands for the layer. */
const names: Record<Exclude<Role, 'score' | 'scoreBias'>, string> = {
  embed: 'token_embd.weight',
  norm1: 'blk.*.attn_norm.weight',
  q: 'blk.*.attn_q.weight',
  qBias: 'blk.*.attn_q.bias',
  k: 'blk.*.attn_k.weight',
  kBias: 'blk.*.attn_k.bias',
  v: 'blk.*.attn_v.weight',
  vBias: 'blk.*.attn_v.bias',
  qNorm: 'blk.*.attn_q_norm.weight',
  kNorm: 'blk.*.attn_k_norm.weight',
  o: 'blk.*.attn_output.weight',
  norm2: 'blk.*.ffn_norm.weight',
  gate: 'blk.*.ffn_gate.weight',
  up: 'blk.*.ffn_up.weight',
  down: 'blk.*.ffn_down.weight',
  finalNorm: 'output_norm.weight',
  head: 'output.weight',
}

/**
 * Write the model to `path`, its matrices in that type, or in f16 where their columns do not divide into its blocks; the rest in float32.
 * @throws HoneError for a model or a tokenizer that llama.cpp does not compute as it is.
 */
export function saveGguf(
  path: string,
  { from, config, read }: ModelSource,
  { name, type }: { name: string; type: GgufType },
): void {
  if (config.head !== 'language') throw new HoneError('Cannot write a scalar head as GGUF', { at: from })
  const slides = Array.from({ length: config.layers }, (_, layer) => windowOf(config, layer)).find(
    (window) => window !== undefined,
  )
  if (slides !== undefined)
    throw new HoneError(
      `Cannot write the model as GGUF: llama.cpp would not hide what lies before its windows of ${slides} positions`,
      { at: from },
    )
  const metadata = {
    ...describe(config, name, type),
    ...vocabularyOf(from, config.vocabulary),
  }
  const tensors = parametersOf(config).map((parameter): GgufTensor => {
    const { role, shape, layer } = parameter
    const stored = storedAs(shape, type)
    return {
      name: names[role as keyof typeof names].replace('*', String(layer)),
      type: stored,
      shape,
      read: () =>
        arranged(
          fitting(read(parameter), parameter.name, stored === 'bf16' ? 'BF16' : stored === 'f32' ? 'F32' : 'F16'),
          config,
          parameter,
        ),
    }
  })
  writeGguf(path, metadata, [...ropeTensor(config), ...tensors])
}

/** Vectors are always float32. */
function storedAs(shape: readonly number[], type: GgufType): GgufType {
  if (shape.length === 1) return 'f32'
  return shape.at(-1)! % ggufTypes[type].block === 0 ? type : 'f16'
}

function describe(config: ModelConfig, name: string, type: GgufType): Record<string, GgufValue> {
  const { architecture } = families[config.family]!.gguf
  const own: Record<string, GgufValue> = {
    vocab_size: { u32: config.vocabulary },
    context_length: { u32: config.maxPositions },
    embedding_length: { u32: config.hidden },
    block_count: { u32: config.layers },
    feed_forward_length: { u32: config.intermediate },
    'attention.head_count': { u32: config.heads },
    'attention.head_count_kv': { u32: config.kvHeads },
    'attention.key_length': { u32: config.headDim },
    'attention.value_length': { u32: config.headDim },
    'attention.layer_norm_rms_epsilon': { f32: config.rmsNormEps },
    'rope.dimension_count': { u32: config.headDim },
    'rope.freq_base': { f32: config.rope.theta },
    ...scaling(config.rope),
  }
  return {
    'general.architecture': { text: architecture },
    'general.type': { text: 'model' },
    'general.name': { text: name },
    'general.file_type': { u32: ggufTypes[type].file },
    'general.quantization_version': { u32: 2 },
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
  }
}

function scaling({ scaling: said }: Rope): Record<string, GgufValue> {
  if (said.kind !== 'linear' && said.kind !== 'yarn') return {}
  return {
    'rope.scaling.type': { text: said.kind },
    'rope.scaling.factor': { f32: said.factor },
    ...(said.kind === 'yarn' && { 'rope.scaling.original_context_length': { u32: said.originalMax } }),
  }
}

/** What Llama 3 divides each frequency by. */
function ropeTensor({ rope, headDim }: ModelConfig): GgufTensor[] {
  if (rope.scaling.kind !== 'llama3') return []
  const plain = inverseFrequencies({ ...rope, scaling: { kind: 'none' } }, headDim)
  const scaled = inverseFrequencies(rope, headDim)
  const read = () => Float32Array.from(plain, (frequency, pair) => frequency / scaled[pair]!)
  return [{ name: 'rope_freqs.weight', type: 'f32', shape: [headDim / 2], read }]
}

/**
 * Rows in llama.cpp's order: where it turns neighbours, the halves of each head of queries and keys, which Hugging Face turns
 * together, are interleaved.
 */
function arranged(
  values: Float32Array,
  { family, heads, kvHeads, headDim: H }: ModelConfig,
  { role, shape }: Parameter,
): Float32Array {
  const count = role === 'q' || role === 'qBias' ? heads : role === 'k' || role === 'kBias' ? kvHeads : 0
  if (count === 0 || !families[family]!.gguf.interleaved) return values
  const width = shape.length === 1 ? 1 : shape[1]!
  const out = new Float32Array(values.length)
  for (let head = 0; head < count; head++)
    for (let row = 0; row < H; row++) {
      const from = head * H + (row % 2) * (H / 2) + Math.floor(row / 2)
      out.set(values.subarray(from * width, (from + 1) * width), (head * H + row) * width)
    }
  return out
}
