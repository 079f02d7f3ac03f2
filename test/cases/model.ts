// The small models of the cases: a token for every byte and a few special ones; weights that say given texts, or random ones.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { parametersOf } from '../../src/gpu/weights/family.ts'
import { loadConfig } from '../../src/gpu/weights/hf.ts'
import { writeSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { elements } from '../../src/gpu/graph/tensor.ts'
import { normal } from '../../src/rng.ts'
import { byteLetters, writeFolder } from '../tiny-tokenizer.ts'

const Tokens = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((token) => [token]),
  ),
])

/** A model as a case asks for it. */
export const ModelSpec = v.strictObject({
  family: v.optional(v.picklist(['qwen2', 'qwen3', 'llama']), 'qwen3'),
  /** The model answers every prompt with these texts, one token each. */
  says: v.optional(v.array(v.string())),
  seed: v.optional(v.number(), 0),
  specials: v.optional(v.array(v.string()), ['<|im_start|>', '<|im_end|>', '<|endoftext|>']),
  eos: v.optional(Tokens, '<|im_end|>'),
  generation_eos: v.optional(Tokens),
  tokenizer_eos: v.optional(v.string(), '<|im_end|>'),
  tokenizer_config: v.optional(v.record(v.string(), v.unknown()), {}),
  positions: v.optional(v.number(), 4096),
  hidden: v.optional(v.number(), 64),
  layers: v.optional(v.number()),
  tied: v.optional(v.boolean(), false),
  /** File in the folder → file of the case. */
  files: v.optional(v.record(v.string(), v.string()), {}),
})
export type ModelSpec = v.InferOutput<typeof ModelSpec>

const ARCHITECTURES = { qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM', llama: 'LlamaForCausalLM' }

/** Writes the folder `dir`, without the files of the case. */
export function writeModel(dir: string, spec: ModelSpec): void {
  const { says, specials, family } = spec
  const tokens = [...specials, ...new Set((says ?? []).filter((text) => !specials.includes(text)))]
  const idOf = (text: string) => 256 + tokens.indexOf(text)
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false }
  const eos = spec.eos.map(idOf)
  writeFolder(dir, {
    'tokenizer.json': {
      version: '1.0',
      added_tokens: tokens.map((content) => ({
        id: idOf(content),
        content,
        ...plain,
        special: specials.includes(content),
      })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: { type: 'BPE', vocab: Object.fromEntries(byteLetters.map((letter, byte) => [letter, byte])), merges: [] },
    },
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: spec.tokenizer_eos,
      ...spec.tokenizer_config,
    },
    'config.json': {
      architectures: [ARCHITECTURES[family]],
      model_type: family,
      vocab_size: 256 + tokens.length,
      hidden_size: says ? 64 : spec.hidden,
      num_hidden_layers: spec.layers ?? (says ? 1 : 2),
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 16,
      intermediate_size: 2 * (says ? 64 : spec.hidden),
      max_position_embeddings: spec.positions,
      rope_theta: 10_000,
      rms_norm_eps: 1e-6,
      hidden_act: 'silu',
      tie_word_embeddings: spec.tied && !says,
      eos_token_id: eos.length > 1 ? eos : eos[0],
      torch_dtype: 'float32',
    },
    ...(spec.generation_eos && { 'generation_config.json': { eos_token_id: spec.generation_eos.map(idOf) } }),
  })
  const weights = says ? scripted(says.map(idOf)) : random(spec.seed)
  writeSafetensors(
    join(dir, 'model.safetensors'),
    parametersOf(loadConfig(dir)).map(({ name, shape, role }, i) => ({
      name,
      type: 'F32' as const,
      shape,
      read: () => weights(role, shape, i),
    })),
  )
}

type Weights = (role: string, shape: readonly number[], index: number) => Float32Array

const isNorm = (role: string): boolean => role.toLowerCase().includes('norm')

/** Every token points along axis 0, the i-th thing said along axis i + 1; the head answers axis i with what comes next. */
function scripted(said: readonly number[]): Weights {
  return (role, shape) => {
    const values = new Float32Array(elements(shape))
    const width = shape.at(-1)!
    if (isNorm(role)) values.fill(1)
    if (role === 'embed') {
      for (let token = 0; token < shape[0]!; token++) values[token * width] = 1
      for (const [i, token] of said.entries()) {
        values[token * width] = 0
        values[token * width + i + 1] = 1
      }
    }
    if (role === 'head') for (const [i, token] of said.entries()) values[token * width + i] = 5
    return values
  }
}

function random(seed: number): Weights {
  return (role, shape, index) => {
    const values = new Float32Array(elements(shape))
    if (isNorm(role)) return values.fill(1)
    if (role.endsWith('Bias')) return values
    const scale = role === 'embed' ? 0.5 : 1 / Math.sqrt(shape.at(-1)!)
    return values.map((_, i) => scale * normal(seed, index, i))
  }
}

const TokenizerFile = v.object({
  model: v.object({ vocab: v.record(v.string(), v.number()) }),
  added_tokens: v.array(v.object({ id: v.number(), content: v.string() })),
})

/** Token ids as the text that they spell, special tokens included. */
export function decodeIds(dir: string, ids: readonly number[]): string {
  const { model, added_tokens } = v.parse(TokenizerFile, JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')))
  const spelt = new Map<number, Uint8Array>()
  for (const [letters, id] of Object.entries(model.vocab))
    spelt.set(
      id,
      Uint8Array.from([...letters], (letter) => byteLetters.indexOf(letter)),
    )
  for (const { id, content } of added_tokens) spelt.set(id, Buffer.from(content))
  return Buffer.concat(ids.map((id) => spelt.get(id) ?? Buffer.from('\ufffd'))).toString()
}
