// Output formats hold what their readers look for, and read back as the rows they were written from.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { convert } from '../../src/data/convert.ts'
import type { Format } from '../../src/data/formats/format.ts'
import { formats, requireEnd } from '../../src/data/formats.ts'
import { readRaw } from '../../src/data/records.ts'
import { askedOf } from '../../src/data/sources/openai.ts'
import { sourceNamed } from '../../src/data/sources.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { promptForms, promptText, targetText } from '../../src/dialogue/prompt.ts'
import type { HoneRow } from '../../src/dialogue/row.ts'
import { isObject, parseJson } from '../../src/text/json.ts'
import { TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-formats-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ROW: HoneRow = {
  id: 'r-1',
  source: 'test',
  messages: [
    { role: 'user', content: 'Weather in Oslo and Rome?' },
    { role: 'assistant', content: '', tool_calls: [{ name: 'Get Weather', arguments: { city: 'Oslo' } }] },
    { role: 'tool', content: '{"celsius": 12}' },
    { role: 'assistant', content: 'It is 12 degrees.' },
    { role: 'user', content: 'And Rome?' },
  ],
  tools: [
    {
      name: 'Get Weather',
      description: 'Tells.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  ],
  answer: [{ name: 'Get Weather', arguments: { city: 'Rome' } }],
  meta: {},
}

const ROWS: HoneRow[] = [ROW, { ...ROW, id: 'r-2', answer: [], meta: { reply: 'Done.' } }]

function written(name: keyof typeof formats, rows = ROWS): string {
  const path = join(folder, name)
  const format: Format = formats[name]
  const writer = format.open(path, { split: 'train' })
  for (const row of rows) writer.write(row)
  writer.commit()
  return path
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('every format has a description and reads back with the same question, tools and answer', async () => {
  const readers = { hone: 'hone', verl: 'verl', openai: 'openai', trl: 'openai', sharegpt: 'sharegpt' } as const
  for (const [name, source] of Object.entries(readers)) {
    const path = written(name as keyof typeof readers)
    const [record] = await Array.fromAsync(readRaw(path))
    const { rows } = convert(
      source,
      sourceNamed(source),
      record!,
      { path, index: 0, companion: new Map() },
      { keepNoCall: false, keepAbsentTools: false },
    )
    const last = rows.at(-1)!
    const rename = name === 'openai' ? 'Get_Weather' : 'Get Weather'
    expect(last.answer).toEqual([{ name: rename, arguments: { city: 'Rome' } }])
    expect(last.tools).toEqual([{ ...ROW.tools[0]!, name: rename }])
    expect(last.messages.at(-1)).toEqual({ role: 'user', content: 'And Rome?' })
  }
})

test('numbers survive every output format and every prompt form', async () => {
  const spelt = ['5.0', '12345678901234567890', '1e+22', '-0.0', '0.1', '1e-07']
  const values = parseJson(`{${spelt.map((number, i) => `"n${i}": ${number}`).join(', ')}}`)
  if (!isObject(values)) throw new Error('no object')
  const call = { name: 'f', arguments: values }
  const parameters = { type: 'object', properties: { n0: { type: 'number', default: values['n0']! } } }
  const row: HoneRow = {
    ...ROW,
    messages: [
      ROW.messages[0]!,
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: 'ok' },
    ],
    tools: [{ name: 'f', description: 'd', parameters }],
    answer: [call],
  }
  const times = (text: string, number: string) =>
    text.split(new RegExp(`(?<![\\d.])${RegExp.escape(number)}(?![\\d.e])`)).length - 1
  for (const name of Object.keys(formats) as (keyof typeof formats)[]) {
    const path = written(name, [row])
    const records = await Array.fromAsync(readRaw(path))
    const text = records.map((record) => record.text).join('\n')
    // In the earlier call, in the right one, and the first as a default too.
    const counts = spelt.map((number) => [name, number, times(text, number) >= (number === '5.0' ? 3 : 2)])
    expect(counts).toEqual(spelt.map((number) => [name, number, true]))
  }
  const tokenizer = await loadTokenizer(
    writeTinyTokenizer(join(folder, 'tiny'), { 'chat_template.jinja': TINY_TEMPLATE }),
  )
  for (const [name, form] of Object.entries(promptForms)) {
    const texts = [promptText(form, row, tokenizer), targetText(form, row, tokenizer)]
    const counts = spelt.map((number) => [name, number, ...texts.map((text) => times(text, number) > 0)])
    expect(counts).toEqual(spelt.map((number) => [name, number, true, true]))
  }
})

test("verl's parquet has the columns and nesting of the files that verl itself prepares", () => {
  const bytes = readFileSync(written('verl'))
  const { schema, num_rows } = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  expect(Number(num_rows)).toBe(2)
  expect(schema.slice(1).map(({ name, num_children, type }) => [name, num_children ?? type])).toEqual([
    ['data_source', 'BYTE_ARRAY'],
    ['prompt', 1],
    ['list', 1],
    ['element', 2],
    ['content', 'BYTE_ARRAY'],
    ['role', 'BYTE_ARRAY'],
    ['ability', 'BYTE_ARRAY'],
    ['reward_model', 2],
    ['ground_truth', 'BYTE_ARRAY'],
    ['style', 'BYTE_ARRAY'],
    ['extra_info', 3],
    ['index', 'INT64'],
    ['prompt_type', 'BYTE_ARRAY'],
    ['split', 'BYTE_ARRAY'],
  ])
})

test('a file is refused whose name promises another content than the format writes', () => {
  for (const path of ['a.parquet', 'a.jsonl.gz', 'a.zst'])
    expect(() => requireEnd(path, formats.openai)).toThrow(
      expect.objectContaining({ exit: 2, hint: expect.stringContaining('a.jsonl') }),
    )
  expect(() => requireEnd('a.jsonl', formats.verl)).toThrow('this format writes parquet')
  for (const path of ['a.jsonl', '-', 'rows', 'a.b/rows.txt']) requireEnd(path, formats.hone)
})

test('alpaca rows carry the prompt form in the system text and the history in pairs', () => {
  const [row] = linesOf(written('alpaca'))
  expect(row.instruction).toBe('And Rome?')
  expect(row.history).toHaveLength(2)
  expect(row.system).toContain('<tools>')
  expect(row.output).toMatch(/^<think>.+<\/think>\s*<tool_call>/s)
})

test('ShareGPT rows alternate between those who ask and those who answer', () => {
  for (const { conversations } of linesOf(written('sharegpt'))) {
    const asking = conversations.map(({ from }: { from: string }) => from === 'human' || from === 'observation')
    expect(asking).toEqual(asking.map((_: boolean, i: number) => i % 2 === 0))
  }
})

test('OpenAI rows give results the id of their call and names that the interface takes', () => {
  const [row, refusal] = linesOf(written('openai'))
  const calls = row.messages.flatMap(({ tool_calls = [] }) => tool_calls)
  expect(row.messages.find(({ role }: { role: string }) => role === 'tool').tool_call_id).toBe(calls[0].id)
  expect(new Set(calls.map(({ id }: { id: string }) => id)).size).toBe(calls.length)
  for (const {
    function: { name },
  } of row.tools)
    expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  expect(JSON.parse(calls.at(-1).function.arguments)).toEqual({ city: 'Rome' })
  expect(refusal.messages.at(-1)).toEqual({ role: 'assistant', content: 'Done.' })
})

test('a thought and what is said beside a call or in its place stand in openai and trl rows', () => {
  const meta = { thought: 'A temperature is asked.', reply: 'I will look.' }
  const rows = [ROW, { ...ROW, answer: [] }].map((row) => ({ ...row, meta }))
  const taught = { role: 'assistant', content: 'I will look.', reasoning_content: 'A temperature is asked.' }
  for (const { messages } of linesOf(written('openai', rows))) expect(messages.at(-1)).toMatchObject(taught)
  for (const { completion } of linesOf(written('trl', rows))) expect(completion[0]).toMatchObject(taught)
})

test('a thought in ShareGPT rows stands before the JSON of the call or the reply, and is read back', async () => {
  const meta = { thought: 'A temperature is asked.' }
  const replies = { ...ROW, id: 'r-2', answer: [], meta: { ...meta, reply: 'Done.' } }
  const path = written('sharegpt', [{ ...ROW, meta }, replies])
  const last = linesOf(path).map(({ conversations }) => conversations.at(-1).value)
  expect(last[0]).toStartWith('<think>\nA temperature is asked.\n</think>\n\n[{"name"')
  expect(last[1]).toBe('<think>\nA temperature is asked.\n</think>\n\nDone.')
  const thoughts: unknown[] = []
  for await (const record of readRaw(path)) {
    const options = { keepNoCall: true, keepAbsentTools: false }
    const origin = { path, index: 0, companion: new Map() }
    thoughts.push(convert('sharegpt', sourceNamed('sharegpt'), record, origin, options).rows.at(-1)?.meta?.['thought'])
  }
  expect(thoughts).toEqual([meta.thought, meta.thought])
})

test.each([{ weight: 0 }, { train: false }, { loss: false }])(
  'a turn of %j is history of the decisions after it and none itself',
  (mark) => {
    const call = (city: string) => [{ function: { name: 'Get Weather', arguments: { city } } }]
    const messages = [
      { role: 'user', content: 'How cold is Bergen?' },
      { role: 'assistant', content: null, tool_calls: call('Berlin'), ...mark },
      { role: 'tool', content: 'wrong town' },
      { role: 'assistant', content: 'Sorry.', ...mark },
      { role: 'assistant', content: null, tool_calls: call('Bergen'), weight: 1 },
    ]
    const made = (messages: object[]) => {
      const text = JSON.stringify({ messages, tools: ROW.tools })
      const record = { index: 0, line: 1, column: 1, text, value: JSON.parse(text) }
      const origin = { path: 'in.jsonl', index: 0, companion: new Map() }
      return convert('openai', sourceNamed('openai'), record, origin, { keepNoCall: true, keepAbsentTools: false })
    }
    const { rows } = made(messages)
    expect(rows.map(({ answer }) => answer[0]?.arguments)).toEqual([{ city: 'Bergen' }])
    expect(rows[0]?.messages.map(({ content }) => content)).toEqual(['How cold is Bergen?', '', 'wrong town', 'Sorry.'])
    expect(rows[0]?.meta).toEqual({ row: 0 })
    expect(made(messages.slice(0, 3)).rejections[0]?.message).toBe('no assistant turn is to be learnt')
  },
)

test("what OpenAI's messages ask is read in the terms of a hone row, and a fault is named by its field", () => {
  const called = { id: 'c', type: 'function', function: { name: 'Get Weather', arguments: '{"city": "Rome"}' } }
  const question = { role: 'user' as const, content: 'And Rome?' }
  const messages = [question, { role: 'assistant', content: null, tool_calls: [called] }]
  const tools = ROW.tools.map((tool) => ({ type: 'function', function: { ...tool } }))
  const calls = ROW.answer
  const said = { role: 'assistant' as const, content: '', tool_calls: calls }
  expect(askedOf({ messages, tools })).toEqual({ messages: [question, said], tools: ROW.tools })
  expect(askedOf({ prompt: messages })).toEqual({ messages: [question, said], tools: [] })
  expect(() => askedOf({ messages: [question, { role: 'assistant', tool_calls: 5 }] })).toThrow(
    'messages.1.tool_calls: ',
  )
})
