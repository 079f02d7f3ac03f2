// Tokenizer and template: ids equal those of the reference implementation, and broken folders are refused by name.
import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTokenizer, NAMED_TEMPLATES, requireVocabulary } from '../../src/dialogue/chat.ts'
import { sharedPath } from '../shared.ts'
import { writeFolder, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-chat-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

const tiny = (extra: Record<string, unknown> = {}) => writeTinyTokenizer(join(root, String(folders++)), extra)
const folder = (files: Record<string, unknown>) => writeFolder(join(root, String(folders++)), files)

test('white space is split as the Rust tokenizers split it', async () => {
  const tokenizer = await loadTokenizer(tiny())
  // From `tokenizers` 0.23.3 (Python) on the same tokenizer.json: U+FEFF is no white space, U+0085 is.
  expect(tokenizer.encode("  \ufeff's")).toEqual([32, 32, 239, 187, 191, 39, 115])
  expect(tokenizer.encode("\n\n\u0085's")).toEqual([256, 194, 133, 257])
})

test('a tokenizer that makes texts endlessly long, and a folder of devices, are refused', async () => {
  const base = JSON.parse(readFileSync(join(tiny(), 'tokenizer.json'), 'utf8'))
  const many = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(1000) }
  const normalizer = { type: 'Sequence', normalizers: [many, many, many, many] }
  expect(loadTokenizer(tiny({ 'tokenizer.json': { ...base, normalizer } }))).rejects.toThrow(
    'its normalizer makes a text more than 1024 times as long',
  )
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json']) {
    const dir = tiny()
    rmSync(join(dir, name), { force: true })
    symlinkSync('/dev/zero', join(dir, name))
    expect(loadTokenizer(dir)).rejects.toThrow('a device or a pipe is no file')
  }
})

test('decoding gives back the text, with special tokens or without them', async () => {
  const tokenizer = await loadTokenizer(tiny())
  const text = 'Ünï<end> 😀\u0000\n\n x .'
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  expect(tokenizer.decode(tokenizer.encode(text), { skipSpecial: true })).toBe(text.replace('<end>', ''))
  expect(tokenizer.encode('')).toEqual([])
  expect(tokenizer.decode([])).toBe('')
  expect(tokenizer.encode('<end>')).toEqual([259])
  expect(tokenizer.idOf('<end>')).toBe(259)
  expect(tokenizer.idOf('constructor')).toBeUndefined()
})

test('the ids that end an answer come from generation_config.json, else from config.json, and from the tokenizer', async () => {
  const eos = async (extra: Record<string, unknown>) => (await loadTokenizer(tiny(extra))).eosIds
  expect(await eos({})).toEqual([259])
  expect(await eos({ 'config.json': { eos_token_id: 7 } })).toEqual([7, 259])
  expect(await eos({ 'config.json': { eos_token_id: 7 }, 'generation_config.json': { eos_token_id: [3, 4] } })).toEqual(
    [3, 4, 259],
  )
})

test('an answer is taught to end as the template ends the turn, which also ends what is written', async () => {
  const ends = async (close: string) => {
    const template = `{% for m in messages %}{{ m.role }}:{{ m.content }}${close}{% endfor %}`
    const { endId, eosIds } = await loadTokenizer(
      tiny({ 'chat_template.jinja': template, 'config.json': { eos_token_id: [7, 8] } }),
    )
    return { endId, eosIds }
  }
  expect(await ends('<end>\n')).toEqual({ endId: 259, eosIds: [7, 8, 259] })
  expect(await ends('\n')).toEqual({ endId: 7, eosIds: [7, 8, 259] })
})

test('a template sees messages, tools and variables, and its refusal is an error of one line', async () => {
  const template =
    "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}{% if x %}{{ x }}{% endif %}{% if add_generation_prompt %}>{% endif %}{% if messages[0].role == 'tool' %}{{ raise_exception('no tool first') }}{% endif %}"
  const tokenizer = await loadTokenizer(tiny({ 'chat_template.jinja': template }))
  const messages = [{ role: 'user', content: 'hi' }]
  expect(tokenizer.template(messages)).toBe('user:hi;')
  expect(
    tokenizer.template(messages, { addGenerationPrompt: true, tools: [{ b: 1, a: 'é' }], variables: { x: 'y' } }),
  ).toBe('user:hi;[{"b": 1, "a": "é"}]y>')
  expect(() => tokenizer.template([{ role: 'tool', content: '' }])).toThrow('the chat template says: no tool first')
})

test('a row with tools takes the template tool_use that lies beside the default one, a row without takes the default', async () => {
  const dir = tiny({ 'chat_template.jinja': 'plain' })
  mkdirSync(join(dir, NAMED_TEMPLATES))
  writeFileSync(join(dir, NAMED_TEMPLATES, 'tool_use.jinja'), '{{ tools[0].name }}')
  const { template } = await loadTokenizer(dir)
  expect(template([])).toBe('plain')
  expect(template([], { tools: [{ name: 'look' }] })).toBe('look')
})

test('a broken folder is refused, by file name', async () => {
  await expect(loadTokenizer(folder({}))).rejects.toThrow('Cannot read the tokenizer: there is no such file')
  await expect(loadTokenizer(folder({ 'tokenizer.json': '{' }))).rejects.toThrow('this file is not JSON')
  await expect(loadTokenizer(folder({ 'tokenizer.json': {} }))).rejects.toThrow('model')
  await expect(loadTokenizer(folder({ 'tokenizer.json': { model: { type: 'None' } } }))).rejects.toThrow(
    'Cannot read the tokenizer',
  )
  const bare = await loadTokenizer(tiny())
  expect(() => bare.template([])).toThrow('the model has no chat template')
  expect(() => requireVocabulary(bare, 259, root)).toThrow('its tokenizer has 260 ids, its embedding 259 rows')
  requireVocabulary(bare, 260, root)
})

// HONE_SMOLLM2 names a folder of SmolLM2-135M-Instruct.
const pretrained = process.env['HONE_SMOLLM2'] ?? ''
const conversations = sharedPath('models', 'smollm2-greedy.jsonl')
test.skipIf(!conversations || !existsSync(pretrained))(
  'a pretrained model reads real conversations as transformers does',
  async () => {
    const tokenizer = await loadTokenizer(pretrained)
    for (const line of (await Bun.file(conversations!).text()).trimEnd().split('\n')) {
      const { messages, prompt_ids, output_ids, text } = JSON.parse(line)
      expect(tokenizer.encode(tokenizer.template(messages, { addGenerationPrompt: true }))).toEqual(prompt_ids)
      expect(tokenizer.decode(output_ids, { skipSpecial: true })).toBe(text)
    }
  },
)

test('a thought stands under every name that templates read, whatever the row calls it', async () => {
  const template = "{% for m in messages %}{{ m.reasoning_content ~ '|' ~ m.thinking }}{% endfor %}"
  const tokenizer = await loadTokenizer(tiny({ 'chat_template.jinja': template }))
  const spelt = ['reasoning_content', 'thinking', 'reasoning'].map((name) =>
    tokenizer.template([{ role: 'assistant', content: '', [name]: 'Hm.' }]),
  )
  expect(spelt).toEqual(['Hm.|Hm.', 'Hm.|Hm.', 'Hm.|Hm.'])
  expect(tokenizer.template([{ role: 'assistant', content: '', reasoning_content: 'a', thinking: 'b' }])).toBe('a|b')
})
