// Model folders: what config.json says is what is run, and a folder hone cannot run is refused by name.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adaptableParameters, loadAdapter, saveAdapter } from '../../../src/gpu/weights/adapter.ts'
import { type ModelConfig, parametersOf, windowOf } from '../../../src/gpu/weights/family.ts'
import { loadConfig } from '../../../src/gpu/weights/hf.ts'
import { inverseFrequencies } from '../../../src/gpu/weights/rope.ts'
import { openSafetensors, writeSafetensors } from '../../../src/gpu/weights/safetensors.ts'
import { openWeights, saveModel } from '../../../src/gpu/weights/weights.ts'
import { sharedPath } from '../../shared.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-hf-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

const base = {
  model_type: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 12,
  vocab_size: 20,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
}

describe('config.json', () => {
  test('both spellings of RoPE say the same', () => {
    const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 128 }
    const older = loadConfig(folder({ ...base, rope_theta: 5e5, rope_scaling: { ...llama3, rope_type: 'llama3' } }))
    const oldest = loadConfig(folder({ ...base, rope_theta: 5e5, rope_scaling: { ...llama3, type: 'llama3' } }))
    const newer = loadConfig(folder({ ...base, rope_parameters: { ...llama3, rope_theta: 5e5, rope_type: 'llama3' } }))
    expect(newer.rope).toEqual({
      theta: 5e5,
      scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, originalMax: 128 },
    })
    expect(older).toEqual(newer)
    expect(oldest).toEqual(newer)
  })

  test('what is left out has the default of its family', () => {
    const { num_key_value_heads: _, ...rest } = base
    expect(loadConfig(folder(rest))).toMatchObject({
      kvHeads: 4,
      headDim: 2,
      rmsNormEps: 1e-6,
      qkvBias: true,
      qkNorm: false,
    })
    const qwen3 = { ...rest, model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] }
    expect(loadConfig(folder(qwen3))).toMatchObject({
      headDim: 128,
      qkvBias: false,
      qkNorm: true,
      rope: { theta: 10_000 },
    })
  })

  const refused: [what: string, config: unknown, message: string][] = [
    [
      'an unknown architecture',
      { ...base, model_type: 'gemma2', architectures: ['Gemma2ForCausalLM'] },
      'Unknown architecture: gemma2',
    ],
    [
      'a known type with another head',
      { ...base, architectures: ['Qwen2ForSequenceClassification'] },
      'Qwen2ForSequenceClassification',
    ],
    ['a type that is the name of a method', { ...base, model_type: 'toString' }, 'Unknown architecture: toString'],
    ['no type at all', {}, 'names no model_type'],
    ['a wrong type', { ...base, hidden_size: '8' }, 'hidden_size'],
    ['a missing size', { ...base, intermediate_size: undefined }, 'intermediate_size'],
    ['an unknown RoPE scaling', { ...base, rope_scaling: { rope_type: 'longrope' } }, 'Unknown RoPE scaling: longrope'],
    ['a RoPE scaling without its numbers', { ...base, rope_scaling: { rope_type: 'linear' } }, 'factor'],
    ['another activation', { ...base, hidden_act: 'gelu' }, "hidden_act 'gelu' is not supported"],
    ['heads that do not divide', { ...base, num_key_value_heads: 3 }, 'do not divide'],
    ['an odd head', { ...base, head_dim: 3 }, 'head_dim 3'],
  ]
  for (const [what, config, message] of refused)
    test(`${what} is refused`, () => expect(() => loadConfig(folder(config))).toThrow(message))

  test('the layers that slide are those that transformers takes, none where the window is as long as the positions', () => {
    const windows = (more: object) => {
      const config = loadConfig(folder({ ...base, num_hidden_layers: 3, ...more }))
      return [0, 1, 2].map((layer) => windowOf(config, layer))
    }
    const asked = { use_sliding_window: true, sliding_window: 16, max_position_embeddings: 64 }
    const mistral = { model_type: 'mistral', architectures: ['MistralForCausalLM'], max_position_embeddings: 8192 }
    expect(windows({ ...asked, max_window_layers: 1 })).toEqual([undefined, 16, 16])
    expect(windows({ ...asked, layer_types: ['sliding_attention', 'full_attention', 'full_attention'] })).toEqual([
      16,
      undefined,
      undefined,
    ])
    expect(windows({ ...asked, use_sliding_window: false, max_window_layers: 0 })).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(windows({ ...asked, max_window_layers: 0, sliding_window: 64 })).toEqual([undefined, undefined, undefined])
    expect(windows(mistral)).toEqual([4096, 4096, 4096])
    expect(windows({ ...mistral, sliding_window: null })).toEqual([undefined, undefined, undefined])
  })

  test('a misspelt architecture is answered with the nearest', () => {
    expect(() => loadConfig(folder({ ...base, architectures: ['Qwen2ForCausaLM'] }))).toThrow(
      expect.objectContaining({ hint: 'did you mean Qwen2ForCausalLM?', exit: 2 }),
    )
  })
})

test('Llama 3 keeps the fastest frequency, divides the slowest by its factor and stays monotone between', () => {
  const plain = inverseFrequencies({ theta: 5e5, scaling: { kind: 'none' } }, 16)
  const scaled = inverseFrequencies(
    { theta: 5e5, scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, originalMax: 128 } },
    16,
  )
  expect(scaled[0]).toBe(1)
  expect(scaled[7]).toBeCloseTo(plain[7]! / 8, 12)
  expect([...scaled].toSorted((a, b) => b - a)).toEqual([...scaled])
  const linear = inverseFrequencies({ theta: 5e5, scaling: { kind: 'linear', factor: 2 } }, 16)
  expect([...linear]).toEqual([...plain].map((frequency) => frequency / 2))
})

describe('weights', () => {
  test('one file and shards read alike', () => {
    const single = folder(base)
    const config = fill(single)
    const sharded = folder(base)
    const parameters = parametersOf(config)
    const weight_map = Object.fromEntries(
      parameters.map(({ name }, i) => [name, i % 2 ? 'b.safetensors' : 'a.safetensors']),
    )
    for (const [shard, odd] of [
      ['a.safetensors', 0],
      ['b.safetensors', 1],
    ] as const)
      writeSafetensors(
        join(sharded, shard),
        parameters.map(stored).filter((_, i) => i % 2 === odd),
      )
    writeFileSync(join(sharded, 'model.safetensors.index.json'), JSON.stringify({ weight_map }))
    const [one, many] = [openWeights(single), openWeights(sharded)]
    for (const { name } of parameters) expect(many.read(name)).toEqual(one.read(name))
    one.close()
    many.close()

    rmSync(join(sharded, 'b.safetensors'))
    expect(() => openWeights(sharded)).toThrow(expect.objectContaining({ at: join(sharded, 'b.safetensors') }))
    writeFileSync(
      join(sharded, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { x: '../a.safetensors' } }),
    )
    expect(() => openWeights(sharded)).toThrow('outside its folder')
  })

  test('a missing tensor and a wrong shape are refused by name', () => {
    const missing = folder(base)
    fill(missing, (all) => all.filter(({ name }) => !name.includes('layers.1.self_attn.k_proj.bias')))
    expect(() => openWeights(missing)).toThrow("tensor 'model.layers.1.self_attn.k_proj.bias' is missing")
    const untied = folder({ ...base, tie_word_embeddings: false })
    fill(untied, (all) => all.slice(0, -1))
    expect(() => openWeights(untied)).toThrow("tensor 'lm_head.weight' is missing")
    const wrong = folder(base)
    fill(wrong)
    writeFileSync(join(wrong, 'config.json'), JSON.stringify({ ...base, vocab_size: 21 }))
    expect(() => openWeights(wrong)).toThrow(
      "'model.embed_tokens.weight' has shape [20, 8], config.json asks for [21, 8]",
    )
    expect(() => openWeights(folder(base))).toThrow('holds no model.safetensors')
  })

  test('a value that is not finite is refused by the name of its tensor', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const broken = folder(base)
      fill(broken, (all) =>
        all.map((each) =>
          each.name === 'model.norm.weight' ? { ...each, read: () => each.read().fill(bad, 3, 4) } : each,
        ),
      )
      const weights = openWeights(broken)
      expect(() => weights.read('model.norm.weight')).toThrow(
        "tensor 'model.norm.weight' holds values that are not finite",
      )
      expect(weights.read('model.embed_tokens.weight')).toHaveLength(160)
      weights.close()
    }
  })

  test('a configuration without measure is held against the weights before it is spelt out', () => {
    for (const layers of [1e6, 1e15]) {
      const tall = folder(base)
      fill(tall)
      writeFileSync(join(tall, 'config.json'), JSON.stringify({ ...base, num_hidden_layers: layers }))
      expect(() => openWeights(tall)).toThrow(`config.json asks for ${layers} layers, the weights hold`)
    }
    for (const absurd of [{ rope_theta: 0 }, { rope_theta: -1 }, { rms_norm_eps: 1e300 }])
      expect(() => loadConfig(folder({ ...base, ...absurd }))).toThrow(Object.keys(absurd)[0])
  })

  test('a value that a type cannot hold is not written', () => {
    const from = folder(base)
    const config = fill(from)
    const big = {
      from,
      config,
      read: ({ shape }: { shape: readonly number[] }) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(7e4),
    }
    expect(() => saveModel(join(root, 'f16'), { ...big, type: 'F16' })).toThrow('not finite as float16')
    saveModel(join(root, 'bf16'), { ...big, type: 'BF16' })
    expect(openWeights(join(root, 'bf16')).storedType('model.norm.weight')).toBe('BF16')
  })

  test('a saved model keeps configuration and tokenizer files and reads back', () => {
    const from = folder(base)
    const config = fill(from)
    writeFileSync(join(from, 'tokenizer.json'), '{}')
    writeFileSync(join(from, 'chat_template.jinja'), 'x')
    mkdirSync(join(from, 'additional_chat_templates'))
    writeFileSync(join(from, 'additional_chat_templates', 'tool_use.jinja'), 'y')
    const dir = join(root, 'saved')
    const weights = openWeights(from)
    saveModel(dir, { from, config, type: 'F32', read: ({ name }) => weights.read(name) })
    expect(readdirSync(join(dir, 'additional_chat_templates'))).toEqual(['tool_use.jinja'])
    expect(readdirSync(dir).toSorted()).toEqual([
      'additional_chat_templates',
      'chat_template.jinja',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ])
    const again = openWeights(dir)
    for (const { name } of weights.parameters) expect(again.read(name)).toEqual(weights.read(name))
    weights.close()
    again.close()
  })
})

test('a model in several files is the model, and none is larger than was asked but for one tensor', () => {
  const from = writeTinyModel(join(root, 'whole'), 'qwen2')
  const weights = openWeights(from)
  const shardBytes = 10_000
  const dir = join(root, 'shards')
  saveModel(dir, { from, config: weights.config, type: 'F32', read: ({ name }) => weights.read(name), shardBytes })
  const files = readdirSync(dir).filter((name) => name.endsWith('.safetensors'))
  const five = String(files.length).padStart(5, '0')
  expect(files.toSorted().at(-1)).toBe(`model-${five}-of-${five}.safetensors`)
  const again = openWeights(dir)
  for (const { name } of weights.parameters) expect(again.read(name)).toEqual(weights.read(name))
  for (const file of files) {
    const { entries, close } = openSafetensors(join(dir, file))
    const bytes = [...entries.values()].reduce((sum, { start, end }) => sum + end - start, 0)
    expect(entries.size === 1 || bytes <= shardBytes).toBe(true)
    close()
  }
  for (const { close } of [weights, again]) close()
})

describe('adapters', () => {
  const from = folder(base)
  const config = fill(from)
  const adapter = {
    rank: 2,
    alpha: 4,
    scale: 2,
    pairs: new Map(
      adaptableParameters(config).map(({ name, shape: [out = 0, input = 0] }) => [
        name,
        { a: new Float32Array(2 * input).fill(0.5), b: new Float32Array(out * 2).fill(-1) },
      ]),
    ),
  }

  test('what is saved is loaded', () => {
    saveAdapter(join(root, 'adapter'), adapter, { config, base: 'here' })
    expect(loadAdapter(join(root, 'adapter'), config)).toEqual(adapter)
  })

  test('an adapter of another model or kind is refused', () => {
    const dir = join(root, 'other')
    saveAdapter(dir, adapter, { config, base: 'here' })
    expect(() => loadAdapter(dir, { ...config, layers: 1 })).toThrow('belongs to no matrix of the model')
    expect(() => loadAdapter(dir, { ...config, hidden: 9 })).toThrow('has shape [2, 8], the model asks for [2, 9]')
    for (const [field, message] of [
      [{ peft_type: 'IA3' }, 'peft_type is not LORA'],
      [{ use_dora: true }, 'use_dora is not supported'],
      [{ modules_to_save: ['lm_head'] }, 'modules_to_save is not supported'],
      [{ r: 0 }, 'r:'],
    ] as const) {
      writeFileSync(
        join(dir, 'adapter_config.json'),
        JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 4, ...field }),
      )
      expect(() => loadAdapter(dir, config)).toThrow(message)
    }
  })
})

describe('reference checkpoints', () => {
  for (const name of ['qwen2', 'qwen3', 'llama3']) {
    const dir = sharedPath('oracle', name)
    test.skipIf(!dir)(`${name} opens, its adapter too, and the adapter survives a round trip`, () => {
      const weights = openWeights(dir!)
      for (const { name, shape } of weights.parameters)
        expect(weights.read(name)).toHaveLength(shape.reduce((a, b) => a * b, 1))
      weights.close()
      const adapter = loadAdapter(join(dir!, 'adapter'), weights.config)
      expect(adapter).toMatchObject({ rank: 4, alpha: 8, scale: 2 })
      expect(adapter.pairs.size).toBe(7 * weights.config.layers)
      saveAdapter(join(root, name), adapter, { config: weights.config, base: name })
      expect(loadAdapter(join(root, name), weights.config)).toEqual(adapter)
    })
  }
})

function folder(config: unknown): string {
  const dir = join(root, String(folders++))
  mkdirSync(dir)
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config))
  return dir
}

function stored({ name, shape }: { name: string; shape: readonly number[] }) {
  const size = shape.reduce((a, b) => a * b, 1)
  return {
    name,
    type: 'F32' as const,
    shape,
    read: () => Float32Array.from({ length: size }, (_, i) => i / size + name.length),
  }
}

function fill(
  dir: string,
  choose: (all: ReturnType<typeof stored>[]) => ReturnType<typeof stored>[] = (all) => all,
): ModelConfig {
  const config = loadConfig(dir)
  writeSafetensors(join(dir, 'model.safetensors'), choose(parametersOf(config).map(stored)))
  return config
}
