// Constraints over tokens: masks, what must come, and that whatever a model makes of them parses and fits.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { GrammarCompiler, GrammarMatcher, Testings, TokenizerInfo } from '@mlc-ai/web-xgrammar'
import Ajv from 'ajv/dist/2020'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFormat, type FormatName } from '../../../src/dialogue/call.ts'
import { loadTokenizer } from '../../../src/dialogue/chat.ts'
import { constrainer, type Constraint } from '../../../src/dialogue/constrain.ts'
import { turnGrammar, valueGrammar, type FrameOptions } from '../../../src/dialogue/grammar/frame.ts'
import { plainJson, type Json } from '../../../src/text/json.ts'
import { scratch } from '../../scratch.ts'
import { writeFolder, writeTinyTokenizer } from '../../tiny-tokenizer.ts'
import { randomText, randomTools, tokensOf } from './random.ts'
import { read } from './read.ts'

setDefaultTimeout(60_000)

const folder = join(import.meta.dir, '..', '..', '..', 'fixtures', 'minicall', 'model')
const tokenizer = await loadTokenizer(folder)
const constrain = constrainer(tokenizer, tokenizer.vocabularySize)
const tools = [
  {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  { name: 'now', parameters: { type: 'object', properties: {} } },
]

const frames: [FormatName, Partial<FrameOptions>, whole: string[], broken: string[]][] = [
  [
    'tool-n1',
    { what: 'reply', thought: 'first' },
    [
      '<think>hm</think>\n<tool_call>\n[{"name": "now", "arguments": {}}]\n</tool_call>',
      '<think></think><tool_call>[{"name":"weather","arguments":{"city":"a"}},{"name":"now","arguments":{}}]</tool_call>',
      '<think>none</think>\n<tool_call>[]</tool_call>',
    ],
    ['<tool_call>[]</tool_call>', '<think>a</think> text', '<think>a</think>\n<tool_call>[{"name": "then"', 'Hello'],
  ],
  ['tool-n1', { what: 'reply', thought: 'opened' }, ['hm</think>\n<tool_call>[]</tool_call>'], ['<think>']],
  ['tool-n1', { what: 'reply', required: true }, [], ['<tool_call>[]']],
  [
    'hermes',
    { what: 'reply' },
    [
      '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>',
      '<think>a</think>\n\n<tool_call>{"name": "now", "arguments": {}}</tool_call>\n<tool_call>{"name": "now", "arguments": {}}</tool_call>',
      'I cannot do that.',
    ],
    ['<tool_call>[', '<tool_call>\n{"name": "now", "arguments": {"a"', 'Well: <tool_call>'],
  ],
  ['hermes', { what: 'reply', required: true }, [], ['I cannot']],
  [
    'hermes',
    { what: 'calls' },
    [
      'Well, < and <tool_ are text. <tool_call>{"name": "now", "arguments": {}}</tool_call>',
      '<think>{"name": 3}</think> Just text {',
      '',
    ],
    ['Well: <tool_call>{"name": "then', '<think>a <tool_call>'],
  ],
  [
    'llama3-json',
    { what: 'calls' },
    [
      '{"name": "now", "parameters": {}}; {"name": "now", "parameters": {}}',
      'Sure: {"name": "now", "parameters": {}}',
      'No.',
    ],
    ['{"name": "now", "arguments"', 'a list [', '{"name": "now", "parameters": {}} and'],
  ],
  [
    'pythonic',
    { what: 'reply' },
    ["[weather(city='a \\'b\\''), now()]", '[weather(city="it\'s")]', '[]', 'No function fits.'],
    ['[weather()', "[weather('a'", '[weather(city=a', '[now(), ]', 'See [now()]'],
  ],
]

test('a turn is read in the frame of its format, and no other is', () => {
  for (const [format, options, whole, broken] of frames) {
    const all = { what: 'reply', thought: 'perhaps', ...options } as const
    const { rule } = turnGrammar(findFormat(format).grammar!, tools, all)
    expect([format, whole.filter((text) => read(rule, text) !== 'whole')]).toEqual([format, []])
    expect([
      format,
      broken.filter((text) => read(rule, text) === 'whole' || (!/[\w]$/.test(text) && read(rule, text) !== 'broken')),
    ]).toEqual([format, []])
  }
})

const reply = (format: FormatName): Constraint =>
  constrain.calls(findFormat(format), tools, { what: 'reply', thought: 'perhaps' })

test('a mask holds the tokens that can be read on, and an end only where the text may end', () => {
  const constraint = reply('pythonic')
  const ids = tokenizer.encode("[weather(city='a')")
  const next = tokensOf(constraint.mask(ids)).map((id) => tokenizer.decode([id]))
  expect(next.toSorted()).toEqual([',', ', ', ']'])
  const ends = tokensOf(constraint.mask([...ids, ...tokenizer.encode(']')]))
  expect(ends.toSorted()).toEqual(tokenizer.eosIds.toSorted())
})

test('a mask follows from the tokens alone, in whatever order they are asked about', () => {
  const ids = tokenizer.encode('<tool_call>{"name":"weather","arguments":{"city":"red"}}</tool_call>')
  const grown: number[] = []
  const [one, other] = [reply('hermes'), reply('hermes')]
  const masks = ids.map((id) => {
    const mask = tokensOf(one.mask(grown))
    grown.push(id)
    return mask
  })
  ids
    .toReversed()
    .forEach((_, i) =>
      expect(tokensOf(other.mask(ids.slice(0, ids.length - 1 - i)))).toEqual(masks[ids.length - 1 - i]!),
    )
  ids.forEach((id, i) => expect(masks[i]).toContain(id))
})

test('what must come is foretold, up to where there is a choice', () => {
  const text = (constraint: Constraint, before: string) => tokenizer.decode(constraint.forced(tokenizer.encode(before)))
  expect(text(reply('hermes'), '<tool_call>{"name":"wea')).toBe('ther",')
  expect(text(reply('hermes'), '<tool_call>{"name":"now","arguments":{')).toBe('}}')
  expect(text(reply('pythonic'), '[w')).toBe('eather(city=')
  expect(text(reply('hermes'), '')).toBe('')
})

test('tools that no call can be made of are an error where one is required', () => {
  const bad = [{ name: 'a', parameters: { type: 'object', properties: { x: false }, required: ['x'] } }]
  const options = { what: 'reply', thought: 'perhaps', required: true } as const
  expect(() => constrain.calls(findFormat('hermes'), bad, options)).toThrow('no call of these tools can be written')
  expect(() => constrain.calls(findFormat('mistral'), tools, options)).toThrow('Cannot constrain calls of this format')
})

test('tokens of SentencePiece are read as the bytes that they stand for, the space in front left to decoding', async () => {
  const words = [
    '<unk>',
    '<s>',
    '</s>',
    '\u2581',
    '\u2581true',
    'true',
    'fal',
    'se',
    '"',
    '\u2581"',
    'a',
    '<0xC3>',
    '<0xBC>',
    '\u00fc',
    '<0x80>',
  ]
  const folder = writeFolder(writeTinyTokenizer(scratch()), {
    'tokenizer.json': {
      added_tokens: words.slice(0, 3).map((content, id) => ({
        id,
        content,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        byte_fallback: true,
        vocab: Object.fromEntries(words.map((word, id) => [word, id])),
        merges: [],
      },
    },
    'tokenizer_config.json': { eos_token: '</s>' },
  })
  const spaced = await loadTokenizer(folder)
  const { grammar } = constrainer(spaced, words.length)
  const next = (schema: Json, ids: number[]) =>
    tokensOf(grammar({ ...valueGrammar(schema), notices: [] }).mask(ids)).map((id) => words[id]!)
  expect(next({ type: 'boolean' }, [])).toEqual(['\u2581', '\u2581true', 'true', 'fal'])
  expect(next({ type: 'boolean' }, [4])).toEqual(['</s>'])
  expect(next({ type: 'string' }, [8])).toEqual([
    '\u2581',
    '\u2581true',
    'true',
    'fal',
    'se',
    '"',
    '\u2581"',
    'a',
    '<0xC3>',
    '\u00fc',
  ])
  expect(next({ type: 'string' }, [8, 11])).toEqual(['<0xBC>', '<0x80>'])
})

const ajv = new Ajv({ strict: false })

test('whatever a random model writes of random tools parses, and its calls are valid', () => {
  const formats = ['tool-n1', 'hermes', 'llama3-json', 'pythonic'] as const
  let [ended, calls] = [0, 0]
  for (let seed = 0; seed < 64; seed++) {
    const format = formats[seed % 4]!
    const offered = randomTools(seed, { python: format === 'pythonic' })
    const thought = (['first', 'perhaps', 'opened'] as const)[(seed >> 3) % 3]!
    const options = { what: seed & 4 ? 'reply' : 'calls', thought, required: seed % 5 > 0 } as const
    const { notices } = turnGrammar(findFormat(format).grammar!, offered, options)
    if (notices.length > 0) continue
    let constraint: Constraint
    try {
      constraint = constrain.calls(findFormat(format), offered, options)
    } catch {
      continue
    }
    const written = randomText(constraint, tokenizer, { seed, tokens: 300 })
    if (!written.ended) continue
    ended++
    const text = (thought === 'opened' ? '<think>' : '') + written.text
    const parsed = findFormat(format).parse(text)
    expect([seed, text, parsed.fault]).toEqual([seed, text, null])
    for (const call of parsed.calls) {
      calls++
      const valid = ajv.compile(offered.find(({ name }) => name === call.name)!.parameters)
      valid(plainJson(call.arguments))
      expect([seed, text, valid.errors]).toEqual([seed, text, null])
    }
  }
  expect(ended).toBeGreaterThan(40)
  expect(calls).toBeGreaterThan(40)
})

const shared: Json[] = [
  tools[0]!.parameters,
  {
    type: 'object',
    properties: {
      unit: { enum: ['celsius', 'fahrenheit', 3, null] },
      days: { type: 'integer', minimum: 1, maximum: 130 },
      place: {
        type: 'object',
        properties: { zip: { type: 'string' } },
        required: ['zip'],
        additionalProperties: false,
      },
      list: { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 3 },
      value: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'null' } }] },
    },
    required: ['unit', 'place'],
    additionalProperties: false,
  },
  {
    type: 'object',
    properties: { value: { const: 'x' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
    required: ['value'],
    $defs: {
      node: {
        type: 'object',
        properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['next'],
      },
    },
  },
]

test('token by token, the masks are those of xgrammar', async () => {
  const file = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'))
  const V = tokenizer.vocabularySize
  const spelt = Array.from({ length: V }, () => '')
  for (const [token, id] of Object.entries<number>(file.model.vocab)) spelt[id] = token
  const added = new Set<number>()
  for (const { id, content } of file.added_tokens) added.add(id).add((spelt[id] = content) && id)
  // What xgrammar takes for a part of UTF-8 and is none; tags, which it knows as special tokens only; -0, which it has not.
  const byte = new Map(tokenizer.pieces!()!.pieces.map(({ id, bytes }) => [id, bytes]))
  const isApart = (id: number): boolean =>
    added.has(id) || [0xc0, 0xc1].includes(byte.get(id)?.[0] ?? 0) || (byte.get(id)?.[0] ?? 0) >= 0xf5
  const info = await TokenizerInfo.createTokenizerInfo(spelt, 'byte_level', false, V, tokenizer.eosIds)
  const compiler = await GrammarCompiler.createGrammarCompiler(info)
  let places = 0
  for (const [s, schema] of shared.entries())
    for (let seed = 0; seed < 12; seed++) {
      const compiled = await compiler.compileJSONSchema(JSON.stringify(schema), false, -1, [', ', ': '], true)
      const theirs = await GrammarMatcher.createGrammarMatcher(compiled)
      const written = valueGrammar(schema, { space: 'written', order: 'schema' })
      const ours = constrain.grammar({ rule: written.rule, notices: [] })
      const { ids } = randomText(ours, tokenizer, { seed: 100 * s + seed, tokens: 60 })
      for (let t = 0; t <= ids.length; t++) {
        const rejected = await Testings.debugGetMaskedTokensFromBitmask(await theirs.getNextTokenBitmask(), V)
        const refused = new Set(rejected)
        const allowed = Array.from({ length: V }, (_, id) => id).filter((id) => !refused.has(id))
        const mask = tokensOf(ours.mask(ids.slice(0, t)))
        const plain = (all: number[]) => all.filter((id) => !isApart(id) || tokenizer.eosIds.includes(id))
        expect([tokenizer.decode(ids.slice(0, t)), plain(mask)]).toEqual([
          tokenizer.decode(ids.slice(0, t)),
          plain(allowed),
        ])
        places++
        if (t < ids.length && (isApart(ids[t]!) || !theirs.acceptToken(ids[t]!))) break
      }
      theirs.dispose()
      compiled.dispose()
    }
  expect(places).toBeGreaterThan(500)
})
