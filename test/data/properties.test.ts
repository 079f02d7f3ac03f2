// Random and mutated rows at every source and every rule: nothing throws, and every row is accounted for.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { parseToolaceCompat } from '../../src/dialogue/call/toolace-tool-n1.ts'
import { convert } from '../../src/data/convert.ts'
import { sharegptRow } from '../../src/data/formats/sharegpt.ts'
import { openaiRow } from '../../src/data/formats/openai.ts'
import { trlRow } from '../../src/data/formats/trl.ts'
import { acrossOf } from '../../src/lint/across.ts'
import { checkerOf } from '../../src/lint/check.ts'
import { fixLine } from '../../src/lint/fix.ts'
import { originOf } from '../../src/lint/origin.ts'
import { placed } from '../../src/lint/place.ts'
import { EXAMPLE } from '../../src/lint/rule.ts'
import { rules } from '../../src/lint/rules.ts'
import { mask } from '../../src/data/mask.ts'
import { REASONS } from '../../src/data/source.ts'
import { sources } from '../../src/data/sources.ts'
import { dumpJson, JsonError, parseJson, type Json } from '../../src/text/json.ts'
import { PythonError } from '../../src/text/python/value.ts'
import { stream } from '../../src/rng.ts'
import { toRow, rowText } from '../../src/dialogue/row.ts'
import { parseToolaceCalls } from '../../src/data/toolace-call.ts'
import { sharedPath } from '../shared.ts'

setDefaultTimeout(600_000)

/** The long check stands beside the shared facts. */
const COUNT = sharedPath() ? 100_000 : 5_000
const PLACES = [
  ['answer', 0, 'arguments', 'x'],
  ['answer', 1, 'name'],
  ['messages', 0, 'content'],
  ['messages', 1, 'role'],
  ['messages', 1, 'tool_calls', 0, 'arguments', 'x'],
  ['tools', 0, 'parameters', 'properties', 'x', 'type'],
]
const TOOL = {
  name: 'a/b (c)',
  description: 'd',
  parameters: {
    type: 'dict',
    properties: { x: { type: 'List[int]' }, y: { type: 'str, optional', default: '' } },
    required: ['x'],
  },
  required: null,
}
const FLAT = { name: 'f', description: 'd', parameters: { x: { type: 'int', required: true }, type: { type: 'str' } } }
const CALL = { name: 'f', arguments: { x: 1 } }
const TAGGED = '**Available Tools**\n1. Name: f\nDescription: d\nParameters: {"x": {"type": "int"}}\n\n**Steps**'

/** A row of each source, from which mutants are made. */
const SEEDS: Json[] = [
  { id: 1, query: 'q', tools: JSON.stringify([FLAT]), answers: JSON.stringify([CALL]) },
  { query: [{ role: 'user', content: 'q' }], tools: [FLAT], answers: [CALL] },
  {
    system: `functions in JSON format that you can invoke:\n${JSON.stringify([TOOL])}. \nShould you decide to return the function call(s).`,
    conversations: [
      { from: 'user', value: 'q' },
      { from: 'assistant', value: '[a/b (c)(x=[1], y="z")]' },
      { from: 'tool', value: '{}' },
    ],
  },
  {
    system: 'SYSTEM: {"name": "f"}',
    chat: 'USER: q\nASSISTANT: <functioncall> {"name": "f", "arguments": \'{"x": 1}\'} <|endoftext|>\nFUNCTION RESPONSE: {}',
  },
  {
    instruction: TAGGED,
    input: '<user> q </user>',
    output: '<think> t </think>\n<tool_call>\n{"name": "f", "parameters": {"x": 1}}\n</tool_call>',
  },
  {
    id: 'simple_0',
    question: [[{ role: 'user', content: 'q' }]],
    function: [TOOL],
    ground_truth: [{ f: { x: [1, 2] } }],
  },
  { system: TAGGED, user: '<user>q</user>', answer: [{ name: 'f', parameters: { x: '1' } }] },
  {
    id: 'normal_0',
    question: 'user: q\nsystem: a\n',
    function: [{ name: 'f', arguments: { type: 'object', properties: {} } }],
    ground_truth: { f_1: { x: 1 } },
  },
  {
    prompt: [
      { role: 'system', content: '<tools>\n{"name": "f"}\n</tools>' },
      { role: 'user', content: 'q' },
    ],
    reward_model: { ground_truth: '[{"name": "f", "arguments": {}}]' },
    data_source: 'toolcall',
  },
  {
    messages: [
      { role: 'user', content: 'q' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"x": 1}' } }],
      },
    ],
    tools: [{ type: 'function', function: FLAT }],
  },
  {
    conversations: [
      { from: 'human', value: 'q' },
      { from: 'function_call', value: JSON.stringify(CALL) },
    ],
    tools: JSON.stringify([FLAT]),
  },
  {
    messages: [
      { role: 'user', content: 'q' },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x": 1}' },
      { type: 'function_call', call_id: 'b', name: 'f', arguments: '{"x": 2}' },
      { type: 'function_call_output', call_id: 'b', output: '2' },
      { type: 'function_call_output', call_id: 'a', output: '1' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'done' }], function_call: CALL },
    ],
    functions: [FLAT],
  },
  {
    system: 's',
    messages: [
      { role: 'user', content: 'q' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 't' },
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1, z: null } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '1' }] }] },
    ],
    tools: [
      {
        name: 'f',
        description: null,
        input_schema: { type: 'object', properties: { x: { type: 'integer', enum: null }, z: null } },
      },
    ],
  },
  JSON.parse(JSON.stringify(EXAMPLE)),
]

const ODD: Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2n ** 70n,
  NaN,
  '',
  ' ',
  'x',
  '[',
  '{}',
  '[]',
  '[f(',
  '<tool_call>',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  { type: 'int' },
  { '': {} },
  { __proto__x: 1 },
  'List[',
  'Union[int, str]',
  'a'.repeat(5000),
]

/** A value with one to three parts replaced, removed, doubled, wrapped, renamed or moved. */
function mutate(value: Json, next: () => number, depth = 0): Json {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!
  if (depth > 0 && next() < 0.25) return pick(ODD)
  if (typeof value === 'string') {
    const at = Math.floor(next() * value.length)
    return pick([
      value.slice(0, at),
      value.slice(at),
      value + value,
      value.slice(0, at) + pick(['"', "'", '(', ')', '\\', '\n', ']', '{', '<', ',', '=']) + value.slice(at),
    ])
  }
  if (Array.isArray(value)) {
    const at = Math.floor(next() * value.length)
    const copy = [...value]
    if (value.length > 0 && next() < 0.7) copy[at] = mutate(copy[at]!, next, depth + 1)
    else copy.splice(at, Math.floor(next() * 2), ...(next() < 0.5 ? [pick(ODD)] : []))
    return copy
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (entries.length === 0) return { [pick(['name', 'type', 'x', '__proto__', 'properties'])]: pick(ODD) }
    const at = Math.floor(next() * entries.length)
    const [key, item] = entries[at]!
    if (next() < 0.75) entries[at] = [key, mutate(item as Json, next, depth + 1)]
    else if (next() < 0.5) entries.splice(at, 1)
    else entries[at] = [pick(['name', 'type', 'from', 'required', 'enum', 'constructor', '__proto__']), item]
    return Object.fromEntries(entries) as Json
  }
  return pick(ODD)
}

/** Deterministic: a failing row can be found again by its number. */
function mutant(i: number): { seed: number; value: Json } {
  const next = stream(20_251, i)
  const seed = Math.floor(next() * SEEDS.length)
  let value: Json = SEEDS[seed]!
  for (let times = 1 + Math.floor(next() * 3); times > 0; times--) value = mutate(value, next)
  return { seed, value }
}

test('no source throws, and every row is in the output or rejected with a known reason', () => {
  const names = Object.keys(sources)
  const read = { rows: 0, kept: 0, rejected: 0 }
  for (let i = 0; i < COUNT; i++) {
    const { seed, value } = mutant(i)
    // Its own source, and one at random that it was not made for.
    for (const name of new Set([names[i % names.length]!, ownSource(seed)])) {
      const compat = name === 'toolace' && i % 2 === 0 ? 'tool-n1' : undefined
      const record = { index: i, line: i + 1, column: 1, text: '', value }
      const { rows, rejections } = convert(
        name,
        sources[name]!,
        record,
        { path: 'p', index: i, companion: new Map() },
        { compat, keepNoCall: i % 3 === 0, keepAbsentTools: i % 5 === 0 },
      )
      read.rows++
      if (rows.length > 0) read.kept++
      else read.rejected++
      if (rows.length + rejections.length === 0) throw new Error(`row ${i} of ${name} vanished`)
      for (const { reason } of rejections) if (!(reason in REASONS)) throw new Error(`row ${i}: ${reason}`)
      if (compat === undefined) {
        for (const row of rows) {
          // Valid, readable again, and writable in every format.
          if (i % 10 === 0) toRow(parseJson(rowText(row)), `row ${i} of ${name}`)
          if (i % 10 === 1)
            for (const write of [sharegptRow, openaiRow, trlRow])
              JSON.parse(write(row, undefined).replace(/NaN|-?Infinity/g, '0'))
          if (i % 10 === 2) mask(row, i)
          if (i % 10 === 3) {
            // Whatever the row was made from, its parts stand somewhere in the record.
            const text = dumpJson(value)
            const origin = originOf(text, value, row)
            for (const path of PLACES) {
              const at = origin(path)
              if (!(at >= 0 && at < text.length)) throw new Error(`row ${i} of ${name}: ${path.join('.')} at ${at}`)
            }
          }
        }
      }
    }
  }
  expect(read.kept + read.rejected).toBe(read.rows)
  expect(read.kept).toBeGreaterThan(COUNT / 10)
  expect(read.rejected).toBeGreaterThan(COUNT / 10)
})

function ownSource(seed: number): string {
  return [
    'xlam',
    'hammer',
    'toolace',
    'glaive',
    'toolrl',
    'bfcl',
    'apibank',
    'acebench',
    'verl',
    'openai',
    'sharegpt',
    'openai',
    'openai',
    'hone',
  ][seed]!
}

test('no rule throws on mutants and cut texts, every finding has a place in the text, fixes come to an end and change nothing more', () => {
  const checker = checkerOf(rules, {})
  const across = acrossOf(rules)
  let found = 0
  for (let i = 0; i < COUNT; i++) {
    const next = stream(7, i)
    // Mostly mutants of hone rows, which get past the first rules.
    const base = next() < 0.8 ? SEEDS.at(-1)! : SEEDS[Math.floor(next() * SEEDS.length)]!
    let value: Json = base
    for (let times = Math.floor(next() * 4); times > 0; times--) value = mutate(value, next)
    let text = dumpJson(value, { ensureAscii: next() < 0.5 })
    if (next() < 0.1) text = text.slice(0, Math.floor(next() * text.length))
    if (next() < 0.05) text = `\ufeff${text}\r`
    const { found: all, keys } = checker.check(text)
    if (keys) across.check(keys, i + 1)
    for (const { diagnostic } of placed('f', { line: i + 1, column: 1, text }, all, () => false)) {
      const { line, column } = diagnostic
      if (line !== i + 1 || column < 1 || column > text.length + 1) throw new Error(`row ${i}: ${line}:${column}`)
    }
    found += all.length
    if (i % 20 === 0) {
      const fixed = fixLine(text, checker)
      if (fixed.text !== undefined && fixLine(fixed.text, checker).text !== fixed.text)
        throw new Error(`row ${i} is not at rest after one fix: ${text}`)
    }
  }
  expect(found).toBeGreaterThan(COUNT)
})

test("ToolACE's language and the published parser take any text", () => {
  for (let i = 0; i < COUNT; i++) {
    const next = stream(11, i)
    let text: Json = '[Get It (2022)/now(a="x, (y)", b=[1, {"k": (True, None)}], c=2024-01-01), f()]'
    for (let times = 1 + Math.floor(next() * 4); times > 0; times--) text = mutate(text, next)
    if (typeof text !== 'string') continue
    parseToolaceCalls(text, ['Get It (2022)/now'])
    try {
      parseToolaceCompat(text)
    } catch (error) {
      if (!(error instanceof PythonError) && !(error instanceof JsonError)) throw error
    }
  }
})

test('calls written in the language come back as they were, whatever the names and values hold', () => {
  for (let i = 0; i < 500; i++) {
    const next = stream(13, i)
    const text = (length: number) =>
      Array.from(
        { length: 1 + Math.floor(next() * length) },
        () => 'abcXYZ019 _-./?|(),é"\''[Math.floor(next() * 22)],
      ).join('')
    const name = text(12).replace(/["']/g, '').trim() || 'f'
    const value = (depth: number): Json => {
      const kind = Math.floor(next() * (depth > 2 ? 5 : 7))
      if (kind === 0) return text(20)
      if (kind === 1) return Math.floor(next() * 1000) - 500
      if (kind === 2) return next() * 100
      if (kind === 3) return next() < 0.5
      if (kind === 4) return null
      if (kind === 5) return Array.from({ length: Math.floor(next() * 3) }, () => value(depth + 1))
      return Object.fromEntries(Array.from({ length: Math.floor(next() * 3) }, () => [text(6), value(depth + 1)]))
    }
    const args = Object.fromEntries(Array.from({ length: Math.floor(next() * 4) }, (_, k) => [`p${k}`, value(0)]))
    const python = (item: Json): string =>
      item === null
        ? 'None'
        : item === true
          ? 'True'
          : item === false
            ? 'False'
            : Array.isArray(item)
              ? `[${item.map(python).join(', ')}]`
              : typeof item === 'object'
                ? `{${Object.entries(item)
                    .map(([key, each]) => `${JSON.stringify(key)}: ${python(each as Json)}`)
                    .join(', ')}}`
                : JSON.stringify(item)
    const spell = i % 2 === 0 ? python : (item: Json) => JSON.stringify(item)
    const written = `[${name}(${Object.entries(args)
      .map(([key, item]) => `${key}=${spell(item)}`)
      .join(', ')})]`
    expect(dumpJson(parseToolaceCalls(written, [name]) ?? written)).toBe(dumpJson([{ name, arguments: args }]))
  }
})

test('an integer that no reader takes is its row’s fault', () => {
  const [tools] = SEEDS.flatMap((seed) => (JSON.stringify(seed).includes('that you can invoke') ? [seed] : []))
  const value = JSON.parse(JSON.stringify(tools).replace('[a/b (c)(x=[1], y=', `[a/b (c)(x=${'9'.repeat(4301)}, y=`))
  const record = { index: 0, line: 1, column: 1, text: '', value }
  const origin = { index: 0, path: 'rows.jsonl', companion: new Map() }
  const { rejections } = convert('toolace', sources['toolace']!, record, origin, {
    keepNoCall: false,
    keepAbsentTools: false,
  })
  expect(rejections.map(({ message }) => message)).toEqual([expect.stringContaining('4300 digits')])
})
