// The server as the AI SDK sees it, whose reading of streams is the strictest: text, a stream, tools in two turns, errors, an abort.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Server } from '../../../src/serve/server.ts'
import { caller, openTest, removeModels, talker, WEATHER, writeModels } from './models.ts'

let server: Server
const provider = () => createOpenAICompatible({ name: 'hone', baseURL: `${server.url}/v1`, includeUsage: true })

beforeAll(async () => {
  writeModels()
  server = await openTest(caller)
}, 120_000)
afterAll(async () => {
  await server.stop()
  removeModels()
})

const tools = {
  weather: tool({
    description: WEATHER.function.description,
    inputSchema: jsonSchema<{ city: string }>(WEATHER.function.parameters as never),
    execute: async ({ city }) => `21 degrees in ${city}`,
  }),
}
const prompt = 'How warm is it in Oslo?'

test('text, reasoning, usage and the call of a tool, whose result is answered in a second step', async () => {
  const { text, steps, totalUsage } = await generateText({
    model: provider()('caller'),
    prompt,
    tools,
    stopWhen: stepCountIs(3),
  })
  expect(text).toBe('It is warm in ☀ Oslo.')
  expect(steps.length).toBe(2)
  expect(steps[0]!.reasoningText).toBe('Where?')
  expect(steps[0]!.finishReason).toBe('tool-calls')
  expect(steps[0]!.toolCalls.map(({ toolName, input }) => [toolName, input])).toEqual([['weather', { city: 'Oslo' }]])
  expect(steps[0]!.toolResults.map(({ output }) => output)).toEqual(['21 degrees in Oslo'])
  expect(totalUsage.outputTokens).toBe(10 + 4)
})

test('a stream of two steps', async () => {
  const { fullStream } = streamText({ model: provider()('caller'), prompt, tools, stopWhen: stepCountIs(3) })
  const parts = await Array.fromAsync(fullStream)
  expect(parts.filter(({ type }) => type === 'error')).toEqual([])
  const text = parts.flatMap((part) => (part.type === 'text-delta' ? [part.text] : [])).join('')
  const reasoning = parts.flatMap((part) => (part.type === 'reasoning-delta' ? [part.text] : [])).join('')
  expect([reasoning, text]).toEqual(['Where?', 'I look it upIt is warm in ☀ Oslo.'])
  expect(parts.flatMap((part) => (part.type === 'finish-step' ? [part.finishReason] : []))).toEqual([
    'tool-calls',
    'stop',
  ])
  expect(parts.flatMap((part) => (part.type === 'finish' ? [part.totalUsage.outputTokens] : []))).toEqual([14])
})

test('a refusal is an error of the call, with its message', async () => {
  const asked = generateText({ model: provider()('nothing'), prompt, maxRetries: 0 })
  const error = await asked.catch((error: unknown) => error)
  expect(error).toBeInstanceOf(APICallError)
  if (error instanceof APICallError)
    expect([error.statusCode, error.message]).toEqual([404, expect.stringContaining('caller')])
})

test('an abort in the middle of a stream frees its place', async () => {
  const long = await openTest(talker)
  const model = createOpenAICompatible({ name: 'hone', baseURL: `${long.url}/v1` })('talker')
  const abort = new AbortController()
  const asked = { model, prompt, temperature: 0, maxOutputTokens: 400, abortSignal: abort.signal }
  let parts = 0
  for await (const _ of streamText({ ...asked, onError() {} }).textStream) if (++parts === 3) abort.abort()
  while (long.metrics.running > 0) await Bun.sleep(1)
  expect([long.metrics.gone, long.metrics.generatedTokens < 400]).toEqual([1, true])
  await long.stop()
})
