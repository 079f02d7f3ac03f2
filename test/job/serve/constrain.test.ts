// What a request may force: a call, a call of one tool, a value of a schema; and what a server holds every call to.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, jsonSchema, Output } from 'ai'
import type { Server } from '../../../src/serve/server.ts'
import { caller, openTest, removeModels, writeModels } from './models.ts'

let server: Server
let strict: Server
const clientOf = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

beforeAll(async () => {
  writeModels()
  server = await openTest(caller)
  strict = await openTest(caller, { constrain: 'calls' })
}, 120_000)
afterAll(async () => {
  await server.stop()
  await strict.stop()
  removeModels()
})

const messages = [{ role: 'user' as const, content: 'How warm is it?' }]
const tool = (name: string, choices: string[]) => ({
  type: 'function' as const,
  function: {
    name,
    parameters: {
      type: 'object',
      properties: { city: { enum: choices } },
      required: ['city'],
      additionalProperties: false,
    },
  },
})
const tools = [tool('weather', ['Oslo', 'Bergen']), tool('time', ['Paris'])]
const model = 'caller'

const callsOf = ({ choices }: OpenAI.ChatCompletion) =>
  (choices[0]!.message.tool_calls ?? []).map((call) =>
    call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : [],
  )

test('a call is made where one is required, whatever the model would say', async () => {
  for (let seed = 0; seed < 5; seed++) {
    const answer = await client().chat.completions.create({ model, messages, tools, tool_choice: 'required', seed })
    const calls = callsOf(answer)
    expect(calls.length).toBeGreaterThan(0)
    for (const [name, values] of calls)
      expect(name === 'time' ? ['Paris'] : ['Oslo', 'Bergen']).toContain((values as { city: string }).city)
  }
})

test('the tool that is named is the one that is called, streamed too', async () => {
  const ask = { model, messages, tools, tool_choice: { type: 'function' as const, function: { name: 'time' } } }
  const calls = callsOf(await client().chat.completions.create({ ...ask, temperature: 0 }))
  expect(new Set(calls.map(String))).toEqual(new Set(['time,[object Object]']))
  const final = await client()
    .chat.completions.stream({ ...ask, seed: 1 })
    .finalChatCompletion()
  expect(callsOf(final)[0]).toEqual(['time', { city: 'Paris' }])
})

test('a format is kept: a value of the schema and nothing else', async () => {
  const schema = {
    type: 'object',
    properties: { warm: { type: 'boolean' } },
    required: ['warm'],
    additionalProperties: false,
  }
  const response_format = { type: 'json_schema' as const, json_schema: { name: 'answer', schema } }
  for (let seed = 0; seed < 5; seed++) {
    const { choices } = await client().chat.completions.create({ model, messages, response_format, seed })
    expect(choices[0]!.finish_reason).toBe('stop')
    expect(typeof JSON.parse(choices[0]!.message.content!).warm).toBe('boolean')
  }
})

test('the AI SDK gets an object of its schema', async () => {
  const provider = createOpenAICompatible({
    name: 'hone',
    baseURL: `${server.url}/v1`,
    supportsStructuredOutputs: true,
  })
  const schema = jsonSchema<{ warm: boolean }>({
    type: 'object',
    properties: { warm: { type: 'boolean' } },
    required: ['warm'],
    additionalProperties: false,
  })
  const { output } = await generateText({
    model: provider('caller'),
    prompt: 'Is it warm?',
    output: Output.object({ schema }),
  })
  expect(typeof output.warm).toBe('boolean')
})

test('a server that holds calls to their schemas lets the model speak, and call as it must', async () => {
  const bergen = [tool('weather', ['Bergen'])]
  // One call: of equally likely tokens the model would take a line break and call again.
  const ask = { model, messages, tools: bergen, temperature: 0, stop: '</tool_call>' }
  const answer = await clientOf(strict).chat.completions.create(ask)
  expect(answer.choices[0]!.message.content).toBe('I look it up')
  expect(callsOf(answer)).toEqual([['weather', { city: 'Bergen' }]])
  const { choices } = await clientOf(strict).chat.completions.create({ model, messages, temperature: 0 })
  expect(choices[0]!.message.content).toContain('Oslo')
})

test('what cannot be forced is refused, with the field', async () => {
  const refusals: [object, string][] = [
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tools, tool_choice: { type: 'function', function: { name: 'nothing' } } }, 'tool_choice'],
    [{ tools, response_format: { type: 'json_object' } }, 'response_format'],
    [{ response_format: { type: 'json_schema', json_schema: {} } }, 'response_format.json_schema.schema'],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: { type: 'string', enum: [] } } } },
      'response_format',
    ],
  ]
  for (const [more, param] of refusals) {
    const error = await client()
      .chat.completions.create({ model, messages, ...more } as never)
      .catch((error) => error)
    expect([error.status, error.param]).toEqual([400, param])
  }
})

const client = () => clientOf(server)
