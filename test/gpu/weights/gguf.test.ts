// Models as GGUF: the bytes of the format's own package, the order that llama.cpp reads rows in, and refusal of what it would compute otherwise.
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import golden from '../../../fixtures/golden/gguf.json'
import { writeGguf } from '../../../src/gpu/weights/gguf/container.ts'
import { saveGguf } from '../../../src/gpu/weights/gguf/model.ts'
import { vocabularyOf } from '../../../src/gpu/weights/gguf/vocabulary.ts'
import { openWeights } from '../../../src/gpu/weights/weights.ts'
import { scratch } from '../../scratch.ts'
import { writeTinyModel } from '../tiny-model.ts'

test('a file is the bytes that the gguf package writes, quantized blocks too', () => {
  const path = join(scratch(), 'small.gguf')
  const rows = (columns: number) => [0, 1, 2].flatMap((row) => golden.values.slice(row * 32, row * 32 + columns))
  writeGguf(
    path,
    {
      'general.architecture': { text: 'llama' },
      'llama.block_count': { u32: 2 },
      'llama.rope.freq_base': { f32: 10_000.5 },
      'tokenizer.ggml.add_bos_token': { bool: true },
      'tokenizer.ggml.tokens': { texts: ['a', 'Ġb', 'é'] },
      'tokenizer.ggml.token_type': { i32s: [1, 3, 5] },
    },
    [
      { name: 'norm.weight', type: 'f32', shape: [5], read: () => Float32Array.from(golden.values.slice(0, 5)) },
      { name: 'half.weight', type: 'f16', shape: [3, 6], read: () => Float32Array.from(rows(6)) },
      { name: 'whole.weight', type: 'q8_0', shape: [3, 32], read: () => Float32Array.from(golden.values) },
    ],
  )
  expect(readFileSync(path).toString('hex')).toBe(golden.file)
})

/** A tokenizer of three tokens, the last of them special. */
function withTokenizer(
  folder: string,
  pre: object = { type: 'ByteLevel', use_regex: true },
  config: object = {},
): string {
  const tokenizer = {
    added_tokens: [{ id: 2, content: '<|im_end|>', special: true }],
    pre_tokenizer: pre,
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 3 }, merges: [['a', 'b']] },
  }
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<|im_end|>', ...config }))
  return folder
}

test('the tokenizer is named as llama.cpp names its split, rows without a token are marked', () => {
  expect(vocabularyOf(withTokenizer(scratch(), undefined, { chat_template: '{{ x }}' }), 5)).toEqual({
    'tokenizer.ggml.model': { text: 'gpt2' },
    'tokenizer.ggml.pre': { text: 'gpt-2' },
    'tokenizer.ggml.tokens': { texts: ['a', 'b', '<|im_end|>', 'ab', '[PAD4]'] },
    'tokenizer.ggml.token_type': { i32s: [1, 1, 3, 1, 5] },
    'tokenizer.ggml.merges': { texts: ['a b'] },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
    'tokenizer.ggml.add_bos_token': { bool: false },
    'tokenizer.chat_template': { text: '{{ x }}' },
  })
  const digits = {
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits: true }, { type: 'ByteLevel' }],
  }
  expect(vocabularyOf(withTokenizer(scratch(), digits), 4)['tokenizer.ggml.pre']).toEqual({ text: 'smollm' })
  expect(() => vocabularyOf(withTokenizer(scratch(), { type: 'Whitespace' }), 4)).toThrow(
    'no name for the way it splits',
  )
  expect(() => vocabularyOf(withTokenizer(scratch()), 3)).toThrow('token 3 has no row')
})

/** The floats of the first tensor whose name is given, whose values are known to stand at the end of the file in order. */
function written(family: 'llama' | 'qwen2') {
  const folder = withTokenizer(writeTinyModel(join(scratch(), family), family))
  const weights = openWeights(folder)
  const path = join(folder, 'model.gguf')
  saveGguf(
    path,
    { from: folder, config: weights.config, read: ({ name }) => weights.read(name) },
    { name: 'tiny', type: 'f32' },
  )
  const q = weights.read('model.layers.0.self_attn.q_proj.weight')
  weights.close()
  return { bytes: readFileSync(path), q }
}

test('rows of queries are interleaved for Llama, whose neighbours llama.cpp rotates, and left for Qwen', () => {
  const hold = (bytes: Buffer, values: Float32Array) =>
    bytes.includes(Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  const qwen = written('qwen2')
  expect(hold(qwen.bytes, qwen.q)).toBe(true)
  const llama = written('llama')
  expect(hold(llama.bytes, llama.q)).toBe(false)
  // Heads of 16 rows of 32 columns: row 1 is row 8 of the head, row 2 its row 1.
  const row = (i: number) => llama.q.slice(i * 32, (i + 1) * 32)
  expect(hold(llama.bytes, Float32Array.from([...row(0), ...row(8), ...row(1), ...row(9)]))).toBe(true)
})

test('windows that llama.cpp would not apply are refused', () => {
  const folder = withTokenizer(writeTinyModel(join(scratch(), 'llama'), 'llama'))
  const weights = openWeights(folder)
  const sliding = { window: 8, asked: true, from: 0, types: undefined }
  const config = { ...weights.config, family: 'mistral', sliding }
  const save = () =>
    saveGguf(
      join(folder, 'x.gguf'),
      { from: folder, config, read: ({ name }) => weights.read(name) },
      { name: 'x', type: 'f16' },
    )
  expect(save).toThrow('windows of 8 positions')
  weights.close()
})
