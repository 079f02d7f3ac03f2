// Rows that prefer one text to another, in every spelling.
import { describe, expect, test } from 'bun:test'
import { readPair } from '../../src/data/pair.ts'
import type { JsonObject } from '../../src/text/json.ts'

const question = { role: 'user', content: 'Weather in Rome?' }
const tool = { name: 'weather', description: 'Tells it.', parameters: { type: 'object', properties: {} } }
const call = { name: 'weather', arguments: { city: 'Rome' } }
const calling = { role: 'assistant', content: '', tool_calls: [call] }
const saying = { role: 'assistant', content: 'I do not know.' }
const openaiCall = { type: 'function', id: 'c', function: { name: 'weather', arguments: '{"city": "Rome"}' } }
const asked = { messages: [question], tools: [tool] }
const want = { prompt: asked, chosen: [calling], rejected: [saying] }

const spellings: Record<string, JsonObject> = {
  'hone, a message each': { ...asked, chosen: calling, rejected: saying },
  'hone, calls and messages': { ...asked, chosen: [call], rejected: [saying] },
  'hone, a call alone': { ...asked, chosen: call, rejected: [saying] },
  'TRL with a prompt of messages': {
    prompt: [question],
    tools: [{ type: 'function', function: tool }],
    chosen: [{ role: 'assistant', content: null, tool_calls: [openaiCall] }],
    rejected: [saying],
  },
  'TRL without a prompt': { tools: [tool], chosen: [question, calling], rejected: [question, saying] },
  'UltraFeedback, whose question stands in both dialogues too': {
    prompt: 'Weather in Rome?',
    tools: [tool],
    chosen: [question, calling],
    rejected: [question, saying],
  },
  OpenAI: {
    input: { messages: [question], tools: [{ type: 'function', function: tool }], parallel_tool_calls: true },
    preferred_output: [{ role: 'assistant', tool_calls: [openaiCall] }],
    non_preferred_output: [saying],
  },
}

test.each(Object.entries(spellings))('%s', (_, record) => {
  expect<unknown>(readPair(record)).toEqual(want)
})

test('texts are taken word for word, after a prompt of text or of messages', () => {
  expect(readPair({ prompt: '2 + 2 =', chosen: ' 4', rejected: ' 5' })).toEqual({
    prompt: '2 + 2 =',
    chosen: ' 4',
    rejected: ' 5',
  })
  expect<unknown>(readPair({ ...asked, chosen: 'yes', rejected: 'no' })).toEqual({
    prompt: asked,
    chosen: 'yes',
    rejected: 'no',
  })
  expect(readPair({ prompt: 'Rome?', tools: [tool], chosen: [call], rejected: 'no' })).toMatchObject({
    prompt: { messages: [{ role: 'user', content: 'Rome?' }], tools: [tool] },
    chosen: [calling],
  })
})

test('where texts hold their prompt, it is what both begin with; a space before the first other word is the word’s', () => {
  const [chosen, rejected] = ['Human: hi\n\nAssistant: good day', 'Human: hi\n\nAssistant: bad day']
  expect(readPair({ chosen, rejected })).toEqual({
    prompt: 'Human: hi\n\nAssistant:',
    chosen: ' good day',
    rejected: ' bad day',
  })
})

describe('what is no pair is refused by its field', () => {
  const cases: [JsonObject, RegExp][] = [
    [{ ...asked, chosen: 'a' }, /^"rejected" is absent$/],
    [{ ...asked, chosen: 'a', rejected: 'a' }, /^"chosen" and "rejected" are the same$/],
    [{ ...asked, chosen: [1], rejected: 'a' }, /^"chosen" holds a number, expected messages or calls$/],
    [{ ...asked, chosen: 'a', rejected: [question] }, /^"rejected" begins or ends with a turn of user/],
    [{ chosen: [call], rejected: [saying] }, /^the row has no "messages", "prompt" or "input"$/],
    [{ messages: [], chosen: 'a', rejected: 'b' }, /^nothing comes before the texts$/],
    [{ input: { messages: [question] }, preferred_output: [saying] }, /^"non_preferred_output" is absent$/],
  ]
  test.each(cases)('%j', (record, reason) => {
    expect(() => readPair(record)).toThrow(reason)
  })
})

test('two texts of which one is no list are no pair without a prompt', () => {
  const messages = [{ role: 'assistant', content: 'yes' }]
  expect(() => readPair({ chosen: JSON.stringify(messages), rejected: messages })).toThrow('no "messages"')
})
