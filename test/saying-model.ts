// A model that answers every prompt with given texts, one token each: what becomes of an answer is seen without training.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parametersOf } from '../src/gpu/weights/family.ts'
import { loadConfig } from '../src/gpu/weights/hf.ts'
import { writeSafetensors } from '../src/gpu/weights/safetensors.ts'
import { elements } from '../src/gpu/graph/tensor.ts'
import { END, TINY_TEMPLATE, writeFolder, writeTinyTokenizer } from './tiny-tokenizer.ts'

/**
 * Write the folder of a model that says `texts` and ends its turn; after one of the texts `after` it goes on with what stands
 * there instead. All texts differ. `files` adds or replaces some. Returns `dir`.
 */
export function writeSayingModel(
  dir: string,
  texts: readonly string[],
  { after = {}, files = {} }: { after?: Record<string, readonly string[]>; files?: Record<string, unknown> } = {},
): string {
  writeTinyTokenizer(dir)
  const tokenizer = JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8'))
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false }
  const chains = [texts, ...Object.entries(after).map(([first, rest]) => [first, ...rest])]
  const said = chains.flat().map((content, i) => ({ id: END + 1 + i, content, ...plain }))
  tokenizer.added_tokens.push(...said)
  writeFolder(dir, {
    'tokenizer.json': tokenizer,
    'config.json': {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: END + 1 + said.length,
      hidden_size: WIDTH,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      intermediate_size: WIDTH,
      max_position_embeddings: 2048,
      rms_norm_eps: 1e-6,
      rope_theta: 10_000,
      tie_word_embeddings: false,
      eos_token_id: END,
    },
    'chat_template.jinja': TINY_TEMPLATE,
    ...files,
  })
  const ends = new Set(chains.map((chain) => chain.at(-1)))
  const next = said.map(({ id, content }) => (ends.has(content) ? END : id + 1))
  writeSafetensors(
    join(dir, 'model.safetensors'),
    parametersOf(loadConfig(dir)).map(({ name, shape, role }) => ({
      name,
      type: 'F32' as const,
      shape,
      read: () => scripted(role, elements(shape), next),
    })),
  )
  return dir
}

const WIDTH = 64

/** Tokens point along axis 0, the i-th of those said along axis i + 1; the head answers each axis with what comes next. */
function scripted(role: string, size: number, next: readonly number[]): Float32Array {
  const values = new Float32Array(size)
  if (role.toLowerCase().includes('norm')) return values.fill(1)
  if (role === 'embed') {
    for (let token = 0; token * WIDTH < size; token++) values[token * WIDTH] = 1
    for (let i = 0; i < next.length; i++) {
      values[(END + 1 + i) * WIDTH] = 0
      values[(END + 1 + i) * WIDTH + i + 1] = 1
    }
  }
  if (role === 'head') {
    values[(END + 1) * WIDTH] = 5
    for (const [i, token] of next.entries()) values[token * WIDTH + i + 1] = 5
  }
  return values
}
