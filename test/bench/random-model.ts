// Writes a model folder with random weights: `bun test/bench/random-model.ts NAME DIR`. For benchmarks only; values mean nothing.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parametersOf } from '../../src/gpu/weights/family.ts'
import { loadConfig } from '../../src/gpu/weights/hf.ts'
import { writeSafetensors } from '../../src/gpu/weights/safetensors.ts'
import { elements } from '../../src/gpu/graph/tensor.ts'
import { normal } from '../../src/rng.ts'

/** Qwen2 shapes: vocabulary, hidden size, layers, heads, key-value heads, MLP size. m3 is Qwen2.5-0.5B's, l2 two layers of it, m4 SmolLM2-135M's. */
export const shapes: Record<string, [number, number, number, number, number, number]> = {
  m1: [8192, 256, 6, 4, 2, 1024],
  m2: [32_768, 512, 8, 8, 2, 2048],
  m3: [151_936, 896, 24, 14, 2, 4864],
  l2: [151_936, 896, 2, 14, 2, 4864],
  m4: [49_152, 576, 30, 9, 3, 1536],
}

export function writeRandomModel(name: string, folder: string): void {
  const [vocab_size, hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, intermediate_size] =
    shapes[name]!
  mkdirSync(folder, { recursive: true })
  const config = {
    model_type: 'qwen2',
    architectures: ['Qwen2ForCausalLM'],
    vocab_size,
    hidden_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads,
    intermediate_size,
    max_position_embeddings: 4096,
    tie_word_embeddings: true,
    bos_token_id: 1,
    eos_token_id: 2,
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  // As many as a prime, so that no two rows of a matrix are the same.
  const table = Float32Array.from({ length: 65_537 }, (_, j) => 0.02 * normal(j))
  const parameters = parametersOf(loadConfig(folder))
  // Normal weights of deviation 0.02 around 0, norms at 1, biases at 0: as an untrained model has them.
  const read = (i: number) => () => {
    const { name, shape } = parameters[i]!
    const values = new Float32Array(elements(shape))
    if (name.includes('norm')) return values.fill(1)
    if (!name.endsWith('bias')) for (let j = 0; j < values.length; j++) values[j] = table[(i + j) % table.length]!
    return values
  }
  writeSafetensors(
    join(folder, 'model.safetensors'),
    parameters.map(({ name, shape }, i) => ({ name, type: 'F32', shape, read: read(i) })),
  )
}

if (import.meta.main) writeRandomModel(process.argv[2]!, process.argv[3]!)
