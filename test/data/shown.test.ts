// Tools that stand in the system message alone, as in Hermes' rows: they are on offer, and their text is no part of the dialogue.
import { expect, test } from 'bun:test'
import { convert } from '../../src/data/convert.ts'
import { sourceNamed } from '../../src/data/sources.ts'
import { parseJson } from '../../src/text/json.ts'

const tools = ['weather', 'news'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `The ${name}.`,
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}))
const intro =
  'You are a function calling AI model. You are provided with function signatures within <tools></tools> XML tags.'
const outro = 'For each function call return a JSON object within <tool_call></tool_call> XML tags.'

function rowsOf(system: string, more: object = {}) {
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: 'How warm is Oslo?' },
    { role: 'assistant', content: '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>' },
  ]
  const value = parseJson(JSON.stringify({ messages, ...more }))
  const record = { index: 0, line: 1, column: 1, text: '', value }
  const origin = { path: 'rows.jsonl', index: 0, companion: new Map() }
  return convert('openai', sourceNamed('openai'), record, origin, { keepNoCall: false, keepAbsentTools: false })
}

test.each([
  ['as one list', `${intro}\n<tools>\n${JSON.stringify(tools)}\n</tools>\n${outro}`, {}],
  ['one a line', `${intro}\n<tools>\n${tools.map((tool) => JSON.stringify(tool)).join('\n')}\n</tools>\n${outro}`, {}],
  ['as a Python literal', `${intro}\n<tools> ${JSON.stringify(tools).replaceAll('"', "'")} </tools>\n${outro}`, {}],
  ['beside a field of tools', `${intro}\n<tools>\n${JSON.stringify(tools)}\n</tools>\n${outro}`, { tools }],
])('%s', (_, system, more) => {
  const { rows, rejections, repairs } = rowsOf(system, more)
  expect(rejections).toEqual([])
  expect(rows.map(({ messages, answer, tools }) => [messages, answer, tools.map(({ name }) => name)])).toEqual([
    [
      [{ role: 'user', content: 'How warm is Oslo?' }],
      [{ name: 'weather', arguments: { city: 'Oslo' } }],
      ['weather', 'news'],
    ],
  ])
  expect(repairs.get('tools taken from the system message')).toBe(1)
})

test('what stands before the tools stays, and so does a text in other words, or one without tools', () => {
  const block = `<tools>\n${JSON.stringify(tools)}\n</tools>`
  const systemOf = (text: string, more?: object) => rowsOf(text, more).rows[0]?.messages[0]?.content
  expect(systemOf(`Be brief.\n\n# Tools\n\nYou may call one or more functions.\n${block}\n${outro}`)).toBe('Be brief.')
  expect(systemOf(`Use what is here: ${block}`)).toBe(`Use what is here: ${block}`)
  expect(rowsOf(`Use what is here: ${block}`, { tools }).repairs.size).toBe(0)
  expect(systemOf('The tags are <tools></tools>.', { tools })).toBe('The tags are <tools></tools>.')
  expect(rowsOf(`${intro}\n<tools>\nnothing that is read\n</tools>`).rejections.map(({ reason }) => reason)).toEqual([
    'absent-tool',
  ])
})
