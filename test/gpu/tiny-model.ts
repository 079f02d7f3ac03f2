// Model folders small enough for tests: random weights of each family, written where asked.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endings, families, parametersOf } from '../../src/gpu/weights/family.ts'
import { loadConfig } from '../../src/gpu/weights/hf.ts'
import { writeSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { elements } from '../../src/gpu/graph/tensor.ts'
import { normal } from '../../src/rng.ts'

export const tinyFamilies = {
  qwen2: { tie_word_embeddings: true },
  qwen3: { head_dim: 32, tie_word_embeddings: false },
  llama: { tie_word_embeddings: false },
}

/** Two layers, hidden size 32, a vocabulary of 64 unless said otherwise. Norm weights near one, everything else normal with deviation 0.15. */
export function writeTinyModel(
  folder: string,
  family: keyof typeof tinyFamilies,
  ending: keyof typeof endings = 'ForCausalLM',
  vocabulary = 64,
): string {
  mkdirSync(folder, { recursive: true })
  const config = {
    model_type: family,
    architectures: [families[family]!.line + ending],
    ...tinyFamilies[family],
    vocab_size: vocabulary,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 48,
    max_position_embeddings: 1024,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const tensors = parametersOf(loadConfig(folder, endings[ending]!.head)).map(({ name, shape, role }, i) => ({
    name,
    type: 'F32' as const,
    shape,
    read: () => {
      const centre = role.toLowerCase().includes('norm') ? 1 : 0
      return Float32Array.from({ length: elements(shape) }, (_, j) => centre + 0.15 * normal(i, j))
    },
  }))
  writeSafetensors(join(folder, 'model.safetensors'), tensors)
  return folder
}
