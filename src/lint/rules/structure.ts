// Rules about the shape of a row: fields there, of the right type, spelt as hone reads them.
import { nearest } from '../../error.ts'
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { CALL_ARGUMENTS, CALL_NAMES, toCalls } from '../../data/calls.ts'
import { isPair } from '../../data/pair.ts'
import { roleOf } from '../../data/roles.ts'
import { jsonIn, kindOf, Rejection } from '../../data/source.ts'
import { EXAMPLE, example, type Fault, type Path, type Rule } from '../rule.ts'

const LISTS = ['messages', 'tools', 'answer']
const REQUIRED = ['id', 'source', ...LISTS]
const FIELDS = [...REQUIRED, 'meta', '_hone']
const KNOWN_FIELDS = new Set(FIELDS)

export const structureRules: Rule[] = [
  {
    code: 'HN101',
    severity: 'error',
    what: 'A field that a row needs is absent.',
    why: 'Nothing can be trained on or scored without messages, tools and an answer.',
    hint: 'hone prep makes rows of other formats; an answer without calls is []',
    bad: JSON.stringify({ id: 'weather-1', source: 'example', messages: EXAMPLE.messages, tools: EXAMPLE.tools }),
    good: example(),
    on: 'malformed',
    check: (record) =>
      REQUIRED.filter((key) => record[key] === undefined).map((key) => ({ message: `"${key}" is absent` })),
  },
  {
    code: 'HN102',
    severity: 'error',
    what: 'A field has the wrong type.',
    why: 'The row cannot be read; checks of its content are skipped until it can.',
    hint: 'messages, tools and answer are lists of objects; hone prep reads other layouts',
    bad: example({ messages: 'How warm will it be in Oslo tomorrow?' }),
    good: example(),
    on: 'malformed',
    check: wrongTypes,
  },
  {
    code: 'HN103',
    severity: 'info',
    what: 'A field of the row is unknown.',
    why: 'It may be a misspelt one that is silently not read; what is yours belongs in meta.',
    hint: 'put it into "meta"',
    bad: example({ reviewed: true }),
    good: example({ meta: { reviewed: true } }),
    on: 'record',
    check(record) {
      if (isPair(record)) return undefined
      let faults: Fault[] | undefined
      for (const key in record) {
        if (KNOWN_FIELDS.has(key)) continue
        const near = nearest(key, FIELDS)
        ;(faults ??= []).push({
          message: `unknown field "${key}"`,
          at: [key],
          ...(near ? { hint: `did you mean "${near}"?` } : {}),
        })
      }
      return faults
    },
    fix(row) {
      const unknown = Object.keys(row).filter((key) => !FIELDS.includes(key))
      const meta = isObject(row['meta']) ? row['meta'] : {}
      if (unknown.length === 0 || unknown.some((key) => nearest(key, FIELDS) || key in meta)) return undefined
      const known = Object.fromEntries(Object.entries(row).filter(([key]) => FIELDS.includes(key)))
      return { ...known, meta: { ...meta, ...Object.fromEntries(unknown.map((key) => [key, row[key]!])) } }
    },
  },
  {
    code: 'HN104',
    severity: 'warning',
    what: 'The id of the row is empty.',
    why: 'Verdicts, rollouts and caches refer to rows by id; draws of a seeded run are keyed by it.',
    hint: 'give every row an id of its own',
    bad: example({ id: '' }),
    good: example(),
    on: 'record',
    check: ({ id }) => (id === '' ? { message: 'the id is empty', at: ['id'] } : undefined),
  },
  {
    code: 'HN105',
    severity: 'error',
    what: 'Arguments are JSON text in place of an object.',
    why: 'A reward compares text with an object and never finds them equal.',
    hint: 'write the object itself',
    bad: example({ answer: [{ name: 'get_weather', arguments: '{"city": "Oslo"}' }] }),
    good: example(),
    on: 'malformed',
    check: (record) =>
      callsOf(record).flatMap(([call, at]) =>
        typeof call['arguments'] === 'string'
          ? [{ message: 'arguments are text, not an object', at: [...at, 'arguments'] }]
          : [],
      ),
    fix: (row) =>
      mapCalls(row, (call) =>
        typeof call['arguments'] === 'string' && isObject(jsonIn(call['arguments']))
          ? { ...call, arguments: jsonIn(call['arguments'])! }
          : call,
      ),
  },
  {
    code: 'HN106',
    severity: 'error',
    what: 'A call is spelt in another layout.',
    why: 'hone reads {name, arguments}; with "parameters" or a wrapper the arguments would be lost.',
    hint: 'write {"name": …, "arguments": {…}}',
    bad: example({ answer: [{ name: 'get_weather', parameters: { city: 'Oslo' } }] }),
    good: example(),
    on: 'malformed',
    check: (record) =>
      callsOf(record).flatMap(([call, at]) =>
        isOtherLayout(call) ? [{ message: 'a call without "name" and "arguments"', at }] : [],
      ),
    fix: (row) => mapCalls(row, (call) => (isOtherLayout(call) ? (readCall(call) ?? call) : call)),
  },
  {
    code: 'HN107',
    severity: 'error',
    what: 'Messages, tools or answer are JSON text in place of a list.',
    why: 'Parquet and CSV exports leave them so; a reader finds one string where it expects a list.',
    hint: 'write the list itself',
    bad: example({ tools: JSON.stringify(EXAMPLE.tools) }),
    good: example(),
    on: 'malformed',
    check: (record) => textLists(record).map((key) => ({ message: `"${key}" is JSON text, not a list`, at: [key] })),
    fix(row) {
      const keys = textLists(row)
      return keys.length === 0
        ? undefined
        : { ...row, ...Object.fromEntries(keys.map((key) => [key, jsonIn(row[key] as string)!])) }
    },
  },
  {
    code: 'HN108',
    severity: 'error',
    what: 'The role of a message is unknown.',
    why: 'Chat templates refuse it or render nothing, and the turn disappears.',
    hint: 'roles are system, user, assistant and tool',
    bad: example({ messages: [{ role: 'human', content: 'How warm is Oslo?' }] }),
    good: example({ messages: [{ role: 'user', content: 'How warm is Oslo?' }] }),
    on: 'malformed',
    check: (record) =>
      objectsOf(record['messages']).flatMap(([message, i]) =>
        typeof message['role'] === 'string' && !KNOWN_ROLES.has(message['role'])
          ? [{ message: `unknown role "${message['role']}"`, at: ['messages', i, 'role'] }]
          : [],
      ),
    fix(row) {
      const messages = row['messages']
      if (!Array.isArray(messages)) return undefined
      let changed = false
      const mended = messages.map((message): Json => {
        const role = isObject(message) && typeof message['role'] === 'string' ? roleOf(message['role']) : undefined
        if (role === undefined || !isObject(message) || message['role'] === role) return message
        changed = true
        return { ...message, role }
      })
      return changed ? { ...row, messages: mended } : undefined
    },
  },
  {
    code: 'HN109',
    severity: 'warning',
    what: 'The row offers no tool and expects no call.',
    why: 'Every reply without a call is right: the row teaches nothing about tools.',
    hint: 'take the row out, or offer the tools that were not to be used',
    bad: example({ tools: [], answer: [] }),
    good: example({ answer: [] }),
    on: 'row',
    check: ({ tools, answer }) =>
      tools.length === 0 && answer.length === 0 ? { message: 'neither tools nor an answer', at: ['tools'] } : undefined,
  },
  {
    code: 'HN110',
    severity: 'error',
    what: 'The row of another source cannot be read.',
    why: 'hone prep would reject it, and a converter that does not look loses it.',
    hint: 'hone prep --reject FILE lists such rows with their reasons',
    bad: '{"query": "How warm is Oslo?", "tools": "[", "answers": "[]"}',
    good: '{"query": "How warm is Oslo?", "tools": "[{\\"name\\": \\"f\\", \\"description\\": \\"d\\", \\"parameters\\": {}}]", "answers": "[{\\"name\\": \\"f\\", \\"arguments\\": {}}]"}',
    on: 'syntax',
    // Conversion happens before rules run; its rejections are reported under this code.
    check: () => undefined,
  },
]

const KNOWN_ROLES = new Set(['system', 'user', 'assistant', 'tool'])
const OTHER_NAMES = CALL_NAMES.filter((key) => key !== 'name')
const OTHER_ARGUMENTS = [...CALL_ARGUMENTS.filter((key) => key !== 'arguments'), 'function']

/** Only what no other rule names: HN101, HN105, HN106, HN107 and HN108 come first. */
function wrongTypes(record: JsonObject): Fault[] {
  const faults: Fault[] = []
  const expect = (fine: boolean, value: Json | undefined, at: Path, expected: string) => {
    if (!fine) faults.push({ message: `${at.join('.')} is ${kindOf(value)}, expected ${expected}`, at })
  }
  for (const key of ['id', 'source']) {
    const value = record[key]
    expect(value === undefined || typeof value === 'string', value, [key], 'a string')
  }
  for (const key of LISTS) {
    const value = record[key]
    if (value === undefined || isTextList(value)) continue
    expect(Array.isArray(value), value, [key], 'a list')
    if (!Array.isArray(value)) continue
    for (let i = 0; i < value.length; i++) expect(isObject(value[i]), value[i], [key, i], 'an object')
  }
  for (const [message, i] of objectsOf(record['messages'])) {
    expect(typeof message['role'] === 'string', message['role'], ['messages', i, 'role'], 'a string')
    expect(typeof message['content'] === 'string', message['content'], ['messages', i, 'content'], 'a string')
    const calls = message['tool_calls']
    expect(calls === undefined || Array.isArray(calls), calls, ['messages', i, 'tool_calls'], 'a list')
    if (Array.isArray(calls))
      for (let j = 0; j < calls.length; j++)
        expect(isObject(calls[j]), calls[j], ['messages', i, 'tool_calls', j], 'an object')
  }
  for (const [tool, i] of objectsOf(record['tools'])) {
    expect(typeof tool['name'] === 'string', tool['name'], ['tools', i, 'name'], 'a string')
    expect(typeof tool['description'] === 'string', tool['description'], ['tools', i, 'description'], 'a string')
    expect(isObject(tool['parameters']), tool['parameters'], ['tools', i, 'parameters'], 'an object')
  }
  for (const [call, at] of callsOf(record)) {
    if (isOtherLayout(call)) continue
    expect(typeof call['name'] === 'string', call['name'], [...at, 'name'], 'a string')
    const values = call['arguments']
    expect(isObject(values) || typeof values === 'string', values, [...at, 'arguments'], 'an object')
  }
  if (record['meta'] !== undefined) expect(isObject(record['meta']), record['meta'], ['meta'], 'an object')
  return faults
}

/** Calls of the answer and of earlier turns, with their paths. */
function callsOf(record: JsonObject): [JsonObject, Path][] {
  const calls: [JsonObject, Path][] = objectsOf(record['answer']).map(([call, i]) => [call, ['answer', i]])
  for (const [message, i] of objectsOf(record['messages'])) {
    if (message['tool_calls'] === undefined) continue
    for (const [call, j] of objectsOf(message['tool_calls'])) calls.push([call, ['messages', i, 'tool_calls', j]])
  }
  return calls
}

function mapCalls(row: JsonObject, change: (call: JsonObject) => JsonObject): JsonObject | undefined {
  let changed = false
  const mapped = (list: Json | undefined): Json =>
    Array.isArray(list)
      ? list.map((call) => {
          const mended = isObject(call) ? change(call) : call
          changed ||= mended !== call
          return mended
        })
      : (list ?? null)
  const result: JsonObject = { ...row }
  if (row['answer'] !== undefined) result['answer'] = mapped(row['answer'])
  if (Array.isArray(row['messages'])) {
    result['messages'] = row['messages'].map((message) =>
      isObject(message) && message['tool_calls'] !== undefined
        ? { ...message, tool_calls: mapped(message['tool_calls']) }
        : message,
    )
  }
  return changed ? result : undefined
}

function isOtherLayout(call: JsonObject): boolean {
  return (
    (call['name'] === undefined && OTHER_NAMES.some((key) => call[key] !== undefined)) ||
    (call['arguments'] === undefined && OTHER_ARGUMENTS.some((key) => call[key] !== undefined))
  )
}

function readCall(call: JsonObject): JsonObject | undefined {
  try {
    const [read] = toCalls(call)
    return read && { name: read.name, arguments: read.arguments }
  } catch (error) {
    if (error instanceof Rejection) return undefined
    throw error
  }
}

function objectsOf(list: Json | undefined): [JsonObject, number][] {
  if (!Array.isArray(list)) return []
  const found: [JsonObject, number][] = []
  for (let i = 0; i < list.length; i++) {
    const item = list[i]
    if (isObject(item)) found.push([item, i])
  }
  return found
}

const isTextList = (value: Json): boolean => typeof value === 'string' && Array.isArray(jsonIn(value))
const textLists = (record: JsonObject): string[] =>
  LISTS.filter((key) => record[key] !== undefined && isTextList(record[key]!))
