// Findings in rows made from other sources stand where the user wrote what they are about.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkerOf } from '../../src/lint/check.ts'
import { acrossOf } from '../../src/lint/across.ts'
import { lintFile } from '../../src/lint/file.ts'
import { recogniseFile } from '../../src/lint/pieces.ts'
import type { Placed } from '../../src/lint/place.ts'
import { chooseRules } from '../../src/lint/rules.ts'
import { scratch } from '../scratch.ts'

/** What follows the place of each finding of these rules, in a file of that text. */
async function marked(text: string, codes: string, name = 'rows.jsonl'): Promise<string[]> {
  const path = join(scratch(), name)
  writeFileSync(path, text)
  const found: Placed[] = []
  const rules = chooseRules(codes, undefined)
  const run = { rules, checker: checkerOf(rules, {}), across: acrossOf(rules), context: {} }
  await lintFile({ path, ...(await recogniseFile(path)), ...run, emit: (each) => void found.push(each) })
  const lines = text.split('\n')
  return found.map(({ diagnostic: { line, column } }) => lines[line - 1]!.slice(column - 1))
}

const PARAMETERS = {
  type: 'object',
  properties: { town: { type: 'string' }, days: { type: 'integer' } },
  required: ['town'],
}
const TOOL = { name: 'get_temp', description: 'Tells.', parameters: PARAMETERS }
const GOOD = { name: 'get_temp', arguments: { town: 'Oslo', days: 2 } }
const BAD = { name: 'get_temp', arguments: { town: 'A "\n\u00e9\ud83d\ude00', days: '7' } }
const ask = { role: 'user', content: '?' }
const calling = (call: { name: string; arguments: object }, spell: (values: object) => unknown = JSON.stringify) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ type: 'function', function: { ...call, arguments: spell(call.arguments) } }],
})
const wrapped = [{ type: 'function', function: TOOL }]
const toolace = `Here is a list of functions in JSON format that you can invoke:\n${JSON.stringify([TOOL])}`

const rows = {
  'OpenAI, arguments as text': { messages: [ask, calling(BAD)], tools: wrapped },
  'OpenAI, arguments as an object': { messages: [ask, calling(BAD, (values) => values)], tools: wrapped },
  'the second call of a dialogue': {
    messages: [ask, calling(GOOD), { role: 'tool', content: '"7"' }, ask, calling(BAD)],
    tools: wrapped,
  },
  'ShareGPT, the call as text': {
    conversations: [
      { from: 'human', value: '?' },
      { from: 'function_call', value: JSON.stringify(BAD) },
    ],
    tools: JSON.stringify([TOOL]),
  },
  'xLAM, answers as text': { query: '?', tools: JSON.stringify([TOOL]), answers: JSON.stringify([GOOD, BAD]) },
  'calls in the text of a turn': {
    messages: [ask, { role: 'assistant', content: `So:\n<tool_call>\n${JSON.stringify(BAD)}\n</tool_call>` }],
    tools: wrapped,
  },
  'verl, the ground truth as text': {
    prompt: [{ role: 'system', content: `<tools>\n${JSON.stringify(TOOL)}\n</tools>` }, ask],
    reward_model: { ground_truth: JSON.stringify([BAD]) },
  },
}
test.each(Object.entries(rows))('an argument: %s', async (_, row) => {
  for (const text of [JSON.stringify(row), JSON.stringify(row, null, 2), `[\n${JSON.stringify(row)}]`]) {
    const [place, ...others] = await marked(text, 'HN306')
    expect(place).toMatch(/^\\*"7/)
    expect(others).toEqual([])
  }
})

test("an argument: ToolACE's own language", async () => {
  const conversations = [
    { from: 'user', value: '?' },
    { from: 'assistant', value: '[get_temp(town="Oslo", days="7")]' },
  ]
  expect(await marked(JSON.stringify({ system: toolace, conversations }), 'HN306')).toEqual([
    expect.stringMatching(/^days=/),
  ])
})

test('a parameter of a tool, framed or in a flat map', async () => {
  const properties = { ...PARAMETERS.properties, days: { type: 'integer', enum: ['x'] } }
  const strange = { ...TOOL, parameters: { ...PARAMETERS, properties } }
  const messages = [ask, calling(GOOD)]
  const framed = JSON.stringify({
    messages,
    tools: [{ type: 'function', function: { ...TOOL, name: 'other' } }, { function: strange }],
  })
  const flat = JSON.stringify({
    query: '?',
    tools: JSON.stringify([{ ...TOOL, parameters: properties }]),
    answers: JSON.stringify([GOOD]),
  })
  for (const text of [framed, flat]) {
    const [place] = await marked(text, 'HN2')
    expect(place).toMatch(/^(\[?\\*"x|\{\\*"type\\*":\\*"integer\\*",\\*"enum)/)
  }
})

test('a character of a text, by the message that holds it', async () => {
  const messages = [{ role: 'system', content: 'Be brief.' }, { ...ask, content: 'Troms\ufffd?' }, calling(GOOD)]
  expect(await marked(JSON.stringify({ messages, tools: wrapped }), 'HN003')).toEqual([
    expect.stringMatching(/^"Troms/),
  ])
})

test('rows in an object around a list stand on their own lines', async () => {
  const text = JSON.stringify(
    { data: [rows['OpenAI, arguments as text'], rows['OpenAI, arguments as an object']] },
    null,
    1,
  )
  expect(await marked(text, 'HN306')).toEqual([expect.stringMatching(/^\\"7/), expect.stringMatching(/^"7"/)])
})

test('what cannot be read stands at the field that is wrong, and what is no JSON where it stops being some', async () => {
  const messages = [ask, { role: 'oracle', content: 'hm' }, calling(GOOD)]
  const good = JSON.stringify({ messages: [ask, calling(GOOD)], tools: wrapped })
  const text = [good, JSON.stringify({ messages, tools: wrapped }), good, '{"messages": [}'].join('\n')
  expect(await marked(text, 'HN110,HN001')).toEqual([expect.stringMatching(/^\{"role":"oracle"/), '}'])
})
