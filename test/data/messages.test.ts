// Dialogues in the spellings of many sets: roles, calls, results in any order, and the nulls that Arrow fills in.
import { describe, expect, test } from 'bun:test'
import { readAsked } from '../../src/data/asked.ts'
import { convert, type Conversion } from '../../src/data/convert.ts'
import { recognise, sourceNamed } from '../../src/data/sources.ts'
import { parseJson } from '../../src/text/json.ts'

/** What preparation makes of one row, by the source that recognises it unless one is named. */
function prepared(row: unknown, from?: string): Conversion {
  const text = JSON.stringify(row)
  const record = { index: 0, line: 1, column: 1, text, value: parseJson(text) }
  const name = from ?? recognise([record])?.name ?? 'none'
  const origin = { path: 'made.jsonl', index: 0, companion: new Map() }
  return convert(name, sourceNamed(name), record, origin, { keepNoCall: false, keepAbsentTools: false })
}

const STRING = { type: 'string' }
const TOOL = {
  name: 'get_temp',
  description: 'Tells.',
  parameters: { type: 'object', properties: { town: STRING }, required: ['town'] },
}
const CALL = { name: 'get_temp', arguments: { town: 'Oslo' } }
const answers = (row: unknown, from?: string) => prepared(row, from).rows.map(({ answer }) => answer)

describe('roles', () => {
  test.each(['function_call', 'function-call', 'Tool Call', 'toolCall', 'TOOL_CALLS', 'tool_use'])(
    'the text of a turn of %s is a call',
    (from) => {
      const conversations = [
        { from: 'human', value: 'Oslo?' },
        { from, value: JSON.stringify(CALL) },
      ]
      expect(answers({ conversations, tools: [TOOL] })).toEqual([[CALL]])
    },
  )

  test.each([
    'observation',
    'function_response',
    'tool-response',
    'Tool_Result',
    'functionOutput',
    'ipython',
    'function',
  ])('a turn of %s is a result', (from) => {
    const conversations = [
      { from: 'Human', value: 'Oslo?' },
      { from: 'gpt', value: 'x', tool_calls: [CALL] },
      { from, value: '3' },
      { from: 'model', tool_calls: [CALL] },
    ]
    expect(prepared({ conversations, tools: [TOOL] }).rows[1]!.messages.at(-1)).toEqual({ role: 'tool', content: '3' })
  })

  test('a dialogue may be the text of one', () => {
    const messages = [
      { role: 'user', content: '?' },
      { role: 'assistant', tool_calls: [CALL] },
    ]
    const conversations = [
      { from: 'human', value: '?' },
      { from: 'tool_calls', value: JSON.stringify([CALL]) },
    ]
    const tools = JSON.stringify([TOOL])
    for (const row of [{ messages: JSON.stringify(messages) }, { conversations: JSON.stringify(conversations) }])
      expect(answers({ ...row, tools })).toEqual([[CALL]])
  })

  test('a role that nobody knows leaves the row out and is named', () => {
    const { rows, rejections } = prepared({ messages: [{ role: 'oracle', content: 'Oslo?' }], tools: [TOOL] })
    expect(rows).toEqual([])
    expect(rejections[0]!.message).toContain('oracle')
  })
})

describe('calls', () => {
  const asked = [{ role: 'user', content: 'Oslo?' }]
  const spelt = {
    "OpenAI's": {
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { ...CALL, arguments: '{"town": "Oslo"}' } }],
    },
    'the older function_call beside an empty list': { content: '', tool_calls: [], function_call: CALL },
    'the older function_call beside a list of nothing': {
      content: '',
      tool_calls: [{ id: null, function: { name: null, arguments: null } }],
      function_call: { name: 'get_temp', arguments: '{"town": "Oslo"}' },
    },
    'a list beside a function_call of nothing': { tool_calls: [CALL], function_call: { name: null, arguments: null } },
    'the older function_call beside a list as text': { tool_calls: '[]', function_call: CALL },
    'a list as text': { content: '', tool_calls: JSON.stringify([CALL]) },
    'arguments as a Python dict': { content: '', tool_calls: [{ name: 'get_temp', arguments: "{'town': 'Oslo'}" }] },
    'parameters beside empty arguments': {
      tool_calls: [{ name: 'get_temp', arguments: null, parameters: { town: 'Oslo' } }],
    },
    "Anthropic's parts": { content: [{ type: 'tool_use', id: 'a', name: 'get_temp', input: { town: 'Oslo' } }] },
  }
  test.each(Object.entries(spelt))('%s', (_, turn) => {
    for (const key of ['messages', 'conversations'])
      expect(answers({ [key]: [...asked, { role: 'assistant', ...turn }], tools: [TOOL] })).toEqual([[CALL]])
  })

  test("items of OpenAI's Responses that stand side by side are one turn, and their results go to them", () => {
    const messages = [
      ...asked,
      { type: 'function_call', call_id: 'a', name: 'get_temp', arguments: '{"town": "Oslo"}' },
      { type: 'function_call', call_id: 'b', name: 'get_temp', arguments: '{"town": "Voss"}' },
      { type: 'function_call_output', call_id: 'b', output: 'Voss: 1' },
      { type: 'function_call_output', call_id: 'a', output: 'Oslo: 3' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Cold.' }], tool_calls: [CALL] },
    ]
    const { rows } = prepared({ messages, tools: [TOOL] })
    expect(rows[0]!.answer).toHaveLength(2)
    expect(rows[1]!.messages.slice(2).map(({ content }) => content)).toEqual(['Oslo: 3', 'Voss: 1'])
  })
})

test.each(['reasoning_content', 'reasoning', 'thinking'])(
  'a thought under %s is the thought of the decision',
  (name) => {
    const messages = [
      { role: 'user', content: '?' },
      { role: 'assistant', content: '', [name]: 'Hm.', tool_calls: [CALL] },
    ]
    expect(prepared({ messages, tools: [TOOL] }).rows[0]!.meta['thought']).toBe('Hm.')
  },
)

describe('results', () => {
  const calls = ['a', 'b', 'c'].map((id) => ({ id, type: 'function', function: CALL }))
  const contents = (ids: (string | undefined)[]) => {
    const results = ids.map((id, i) => ({ role: 'tool', content: `${id} ${i}`, ...(id ? { tool_call_id: id } : {}) }))
    const last = { role: 'assistant', tool_calls: [calls[0]] }
    const messages = [{ role: 'user', content: '?' }, { role: 'assistant', tool_calls: calls }, ...results, last]
    return prepared({ messages, tools: [TOOL] })
      .rows.at(-1)!
      .messages.slice(2)
      .map(({ content }) => content)
  }

  test('stand in the order of their calls', () => {
    expect(contents(['c', 'a', 'b'])).toEqual(['a 1', 'b 2', 'c 0'])
    expect(contents(['c', 'a'])).toEqual(['a 1', 'c 0'])
  })

  test('are told apart by ids that are numbers too', () => {
    const numbered = calls.map((call, i) => ({ ...call, id: i }))
    const results = [1, 0].map((id) => ({ role: 'tool', tool_call_id: id, content: String(id) }))
    const turn = { role: 'assistant', tool_calls: numbered.slice(0, 2) }
    const messages = [{ role: 'user', content: '?' }, turn, ...results, { role: 'assistant', tool_calls: [calls[0]] }]
    const { rows } = prepared({ messages, tools: [TOOL] })
    expect(
      rows
        .at(-1)!
        .messages.slice(2)
        .map(({ content }) => content),
    ).toEqual(['0', '1'])
  })

  test('stay as they are where the ids do not tell', () => {
    expect(contents(['c', undefined, 'a'])).toEqual(['c 0', 'undefined 1', 'a 2'])
    expect(contents(['c', 'c', 'a'])).toEqual(['c 0', 'c 1', 'a 2'])
    expect(contents(['c', 'x', 'a'])).toEqual(['c 0', 'x 1', 'a 2'])
  })

  test("Anthropic's stand in a turn of the user", () => {
    const use = (id: string) => ({ type: 'tool_use', id, name: 'get_temp', input: { town: id } })
    const result = (id: string) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: [{ type: 'text', text: `${id}: 3` }],
    })
    const messages = [
      { role: 'user', content: '?' },
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'Both.' }, use('Oslo'), use('Voss')] },
      { role: 'user', content: [result('Voss'), result('Oslo'), { type: 'text', text: 'And Odda?' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'One more.' }, use('Odda')] },
    ]
    const { rows } = prepared({ system: 'Be brief.', messages, tools: [{ ...TOOL, input_schema: TOOL.parameters }] })
    expect(rows[0]!.meta['thought']).toBe('Both.')
    expect(rows[1]!.meta['reply']).toBe('One more.')
    expect(rows[1]!.messages.map(({ role, content }) => `${role} ${content}`)).toEqual([
      'system Be brief.',
      'user ?',
      'assistant ',
      'tool Oslo: 3',
      'tool Voss: 3',
      'user And Odda?',
    ])
  })

  test('that are no text stand as their JSON', () => {
    const messages = [
      { role: 'user', content: '?' },
      { role: 'assistant', tool_calls: [calls[0]] },
      { role: 'tool', content: { temp: 3 } },
      { role: 'assistant', tool_calls: [calls[0]] },
    ]
    expect(prepared({ messages, tools: [TOOL] }).rows[1]!.messages.at(-1)!.content).toBe('{"temp": 3}')
  })
})

describe('nulls of Arrow', () => {
  const properties = { town: { type: 'string', description: null, default: null }, unit: STRING, a: null }
  const padded = { ...TOOL, parameters: { type: 'object', properties, required: ['town'], additionalProperties: null } }
  const row = (parameters: unknown, values: unknown) => ({
    messages: [
      { role: 'user', content: '?', tool_calls: null },
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'get_temp', arguments: values } }] },
    ],
    tools: [{ type: 'function', function: { ...TOOL, parameters } }],
  })

  test('are no parameters, no keywords and no arguments', () => {
    const { rows } = prepared(row(padded.parameters, { town: 'Oslo', unit: null, a: null }))
    expect(rows[0]!.tools[0]!.parameters).toEqual({ ...TOOL.parameters, properties: { town: STRING, unit: STRING } })
    expect(rows[0]!.answer).toEqual([CALL])
  })

  test('stay where the tool takes them, or requires the parameter', () => {
    const nullable = { type: ['string', 'null'] }
    const properties = {
      town: STRING,
      unit: nullable,
      note: { anyOf: [STRING, { type: 'null' }] },
      level: { enum: [1, null] },
    }
    const values = { town: null, unit: null, note: null, level: null, foreign: null }
    const { rows } = prepared(row({ type: 'object', properties, required: ['town'] }, values))
    expect(rows[0]!.answer[0]!.arguments).toEqual({ town: null, unit: null, note: null, level: null })
    expect(rows[0]!.tools[0]!.parameters['properties']).toEqual(properties)
  })

  test('stay in a row that holds no filling', () => {
    const properties = { town: STRING, unit: { type: 'string', default: null } }
    const { rows } = prepared(row({ type: 'object', properties }, JSON.stringify({ town: 'Oslo', unit: null })))
    expect(rows[0]!.answer[0]!.arguments).toEqual({ town: 'Oslo', unit: null })
    expect(rows[0]!.tools[0]!.parameters['properties']).toEqual(properties)
  })

  test('are dropped inside objects and lists too', () => {
    const place = { type: 'object', properties: { lat: { type: 'number' }, name: null } }
    const properties = { at: place, all: { type: 'array', items: place } }
    const values = { at: { lat: 1.5, name: null }, all: [{ lat: 2.5, name: null }] }
    const { rows } = prepared(row({ type: 'object', properties }, values))
    expect(rows[0]!.answer[0]!.arguments).toEqual({ at: { lat: 1.5 }, all: [{ lat: 2.5 }] })
  })

  test('are dropped in every source', () => {
    const tools = [padded]
    const call = { name: 'get_temp', arguments: { town: 'Oslo', unit: null, a: null } }
    const value = JSON.stringify(call)
    const flat = [{ name: 'get_temp', description: 'Tells.', parameters: { town: { type: 'str' }, a: null } }]
    const rows = [
      {
        conversations: [
          { from: 'human', value: '?' },
          { from: 'function_call', value },
        ],
        tools: JSON.stringify(tools),
      },
      { query: '?', tools: JSON.stringify(flat), answers: `[${value}]` },
      {
        id: 'r',
        source: 's',
        messages: [{ role: 'user', content: '?', tool_calls: null }],
        tools,
        answer: [call],
        meta: null,
      },
    ]
    for (const each of rows) expect(answers(each)).toEqual([[CALL]])
  })
})

test('a row in the terms of hone that went through Arrow asks without the nulls', () => {
  const properties = { town: { ...STRING, description: null }, a: null }
  const tools = [{ ...TOOL, parameters: { ...TOOL.parameters, properties } }]
  expect(readAsked({ messages: [{ role: 'user', content: '?' }], tools }).tools).toEqual([TOOL])
})
