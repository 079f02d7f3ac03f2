// Calls that data sets write into the text of a turn: read or named, never "no call".
import { expect, test } from 'bun:test'
import { callFormats } from '../../src/dialogue/call.ts'
import { withWrittenCalls } from '../../src/data/said.ts'

const tools = new Set(['get_temp'])
const calls = [{ name: 'get_temp', arguments: { town: "St. John's" } }]
const read = (content: string) => withWrittenCalls({ role: 'assistant', content }, tools)

test.each(Object.entries(callFormats).filter(([name]) => name !== 'toolace-tool-n1'))(
  'a turn whose text is a call in the format %s holds that call, its thought and its text',
  (_, { write }) => {
    expect(read(write({ think: 'Cold there.', text: 'Let me see.', calls }))).toMatchObject({
      content: 'Let me see.',
      reasoning_content: 'Cold there.',
      tool_calls: calls,
    })
  },
)

test('a block may hold a Python dict, as in hermes-function-calling', () => {
  const body = `{'name': 'get_temp', 'arguments': {'town': "St. John's"}}`
  expect(read(`<tool_call>\n${body}\n</tool_call>`).tool_calls).toEqual(calls)
})

test.each([
  'Action: get_temp\nAction Input: {"town": "Voss"}',
  '<functioncall> {"name": "get_temp", "arguments": \'{"town": "Ask"}\'}',
  '<tool_call>\nget_temp Voss\n</tool_call>',
])('a call in a spelling that is not read is a fault: %s', (content) => {
  expect(read(content).fault).toContain('in a spelling that is not read')
})

test.each([
  'Fine. With get_temp I can tell temperatures.',
  'Tell me the town [e.g. Oslo], then I use get_temp (it takes a town).',
  'Write {"name": "Ann", "arguments": {}} into the file.',
])('prose is no call: %s', (content) => {
  expect(read(content)).toEqual({ role: 'assistant', content })
})

test('a turn that repeats one thing hundreds of thousands of times is read like any other', () => {
  for (const part of ['\n', ' ', '[f(', '(', '```   ', "'", 'Action: '])
    for (const content of [part.repeat(200_000), `Action: ${part.repeat(200_000)}`])
      expect(read(content).content).toBe(content)
}, 120_000)
