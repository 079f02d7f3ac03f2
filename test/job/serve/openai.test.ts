// The server as OpenAI's own client sees it: plain and streamed answers, tools in two turns, errors, an abort.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { Server } from '../../../src/serve/server.ts'
import { caller, openTest, removeModels, talker, WEATHER, writeModels } from './models.ts'

let calling: Server
let talking: Server
let client: OpenAI
let talk: OpenAI
const clientOf = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

beforeAll(async () => {
  writeModels()
  calling = await openTest(caller)
  talking = await openTest(talker, { maxNewTokens: 40 })
  client = clientOf(calling)
  talk = clientOf(talking)
}, 120_000)
afterAll(async () => {
  await calling.stop()
  await talking.stop()
  removeModels()
})

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'How warm is it in Oslo?' }]
const tools = [WEATHER]
const model = 'caller'

test('models are listed and found by name', async () => {
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['caller'])
  expect((await client.models.retrieve('caller')).owned_by).toBe('hone')
})

test('an answer has thinking apart, text, calls and the tokens used', async () => {
  const { choices, usage } = await client.chat.completions.create({ model, messages, tools })
  const { message, finish_reason } = choices[0]!
  expect(message).toEqual({
    role: 'assistant',
    content: 'I look it up',
    refusal: null,
    reasoning_content: 'Where?',
    tool_calls: [
      { id: expect.any(String), type: 'function', function: { name: 'weather', arguments: '{"city": "Oslo"}' } },
    ],
  } as never)
  expect(finish_reason).toBe('tool_calls')
  expect(usage!.completion_tokens).toBe(10)
  expect(usage!.total_tokens).toBe(usage!.prompt_tokens + 10)
})

test('a stream adds up to the same, in the parts that strict clients expect', async () => {
  const stream = await client.chat.completions.create({
    model,
    messages,
    tools,
    stream: true,
    stream_options: { include_usage: true },
  })
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta as Record<string, unknown>))
  expect(deltas[0]).toEqual({ role: 'assistant', content: '' })
  const text = (field: string) => deltas.map((delta) => delta[field] ?? '').join('')
  expect([text('reasoning_content'), text('content')]).toEqual(['Where?', 'I look it up'])
  const parts = deltas.flatMap((delta) => delta['tool_calls'] ?? [])
  expect(parts[0]).toEqual({
    index: 0,
    id: expect.any(String),
    type: 'function',
    function: { name: 'weather', arguments: '' },
  })
  for (const part of parts.slice(1)) expect(part).toEqual({ index: 0, function: { arguments: expect.any(String) } })
  const finishes = chunks.flatMap(({ choices }) => choices.map(({ finish_reason }) => finish_reason))
  expect(finishes.filter((finish) => finish !== null)).toEqual(['tool_calls'])
  const last = chunks.at(-1)!
  expect([last.choices, last.usage!.completion_tokens]).toEqual([[], 10])
})

test('a tool is run and its result answered, in one go of the client', async () => {
  const asked: unknown[] = []
  const runner = client.chat.completions.runTools({
    model,
    messages,
    stream: true,
    tools: [
      {
        type: 'function',
        function: {
          ...WEATHER.function,
          parse: JSON.parse,
          function: (given: object) => {
            asked.push(given)
            return '21 degrees'
          },
        },
      },
    ],
  })
  expect(await runner.finalContent()).toBe('It is warm in ☀ Oslo.')
  expect(asked).toEqual([{ city: 'Oslo' }])
})

test('a tool’s result may come as a list of parts', async () => {
  const call = { id: 'call_1', type: 'function' as const, function: { name: 'weather', arguments: '{"city": "Oslo"}' } }
  const { choices } = await client.chat.completions.create({
    model,
    tools,
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'Be short.' }] },
      ...messages,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '21 degrees' }] },
    ],
  })
  expect(choices[0]!.message.content).toBe('It is warm in ☀ Oslo.')
  expect(choices[0]!.finish_reason).toBe('stop')
})

test('without tools, or with tool_choice none, nothing is a call', async () => {
  for (const more of [{}, { tools, tool_choice: 'none' as const }]) {
    const { message, finish_reason } = (await client.chat.completions.create({ model, messages, ...more })).choices[0]!
    expect(message.tool_calls).toBeUndefined()
    expect(message.content).toStartWith('I look it up <tool_call>')
    expect(finish_reason).toBe('stop')
  }
})

test('a stop text ends an answer before it, also across tokens', async () => {
  const ask = { model, messages, stop: 'look it' }
  expect((await client.chat.completions.create(ask)).choices[0]!.message.content).toBe('I')
  let text = ''
  for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true }))
    text += choices[0]?.delta.content ?? ''
  expect(text).toBe('I')
})

test('several answers, log-probs and ids', async () => {
  const { choices } = await talk.chat.completions.create({
    model: 'talker',
    messages,
    n: 3,
    seed: 5,
    max_completion_tokens: 8,
    logprobs: true,
    ...{ return_token_ids: true },
  })
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2])
  const ids = choices.map((choice) => (choice as unknown as { token_ids: number[] }).token_ids)
  expect(new Set(ids.map(String)).size).toBe(3)
  for (const [i, { logprobs, finish_reason }] of choices.entries()) {
    expect(finish_reason).toBe('length')
    expect(logprobs!.content!.length).toBe(ids[i]!.length)
    expect(logprobs!.content!.every(({ logprob }) => logprob <= 0)).toBe(true)
  }
})

test('the likeliest tokens are told, the one drawn greedily the first of them', async () => {
  const ask = { model: 'talker', messages, temperature: 0, max_tokens: 4, logprobs: true, top_logprobs: 3 }
  const { content } = (await talk.chat.completions.create(ask)).choices[0]!.logprobs!
  expect(content!.map(({ top_logprobs }) => top_logprobs.length)).toEqual([3, 3, 3, 3])
  for (const { token, logprob, top_logprobs } of content!) {
    expect([top_logprobs[0]!.token, top_logprobs[0]!.logprob]).toEqual([token, logprob])
    expect(top_logprobs[1]!.logprob).toBeLessThanOrEqual(logprob)
  }
  const raw = await talk.completions.create({
    model: 'talker',
    prompt: 'a',
    temperature: 0,
    max_tokens: 2,
    logprobs: 2,
  })
  const { tokens, token_logprobs, top_logprobs } = raw.choices[0]!.logprobs!
  expect(top_logprobs!.map((each, i) => each[tokens![i]!])).toEqual(token_logprobs!)
})

test('chunks of a stream tell of every token once, in order', async () => {
  const ask = {
    model: 'talker',
    messages,
    seed: 5,
    max_tokens: 12,
    logprobs: true,
    ...{ return_token_ids: true },
  }
  type Told = { token_ids: number[] }
  const whole = (await talk.chat.completions.create(ask)).choices[0]!
  const streamed = { ids: [] as number[], logprobs: [] as number[] }
  for await (const { choices } of await talk.chat.completions.create({ ...ask, stream: true }))
    for (const choice of choices) {
      streamed.ids.push(...(choice as unknown as Told).token_ids)
      streamed.logprobs.push(...(choice.logprobs?.content ?? []).map(({ logprob }) => logprob))
    }
  expect(streamed.ids).toEqual((whole as unknown as Told).token_ids)
  expect(streamed.logprobs).toEqual(whole.logprobs!.content!.map(({ logprob }) => logprob))
})

test('a seed fixes what is drawn, a stream draws the same, and without one answers differ', async () => {
  const ask = { model: 'talker', prompt: 'open the ticket', max_tokens: 12, temperature: 1 }
  const text = async (seed?: number) =>
    (await talk.completions.create({ ...ask, ...(seed && { seed }) })).choices[0]!.text
  expect(await text(3)).toBe(await text(3))
  expect(await text(3)).not.toBe(await text(4))
  expect(await text()).not.toBe(await text())
  let streamed = ''
  for await (const { choices } of await talk.completions.create({ ...ask, seed: 3, stream: true }))
    streamed += choices[0]?.text ?? ''
  expect(streamed).toBe(await text(3))
})

test('what was asked before is answered alike when it is asked again, and when a conversation goes on from it', async () => {
  const ask = async (client: OpenAI, prompt: string | number[], max_tokens: number) => {
    const more = { temperature: 0, ...{ return_token_ids: true } }
    const { choices } = await client.completions.create({ model: 'talker', prompt, max_tokens, ...more })
    return choices[0]! as unknown as { token_ids: number[]; prompt_token_ids: number[] }
  }
  const prompt = 'open the ticket for a train to the sea and tell me when it leaves. '.repeat(4)
  await ask(talk, prompt, 1)
  const { token_ids, prompt_token_ids } = await ask(talk, prompt, 12)
  const longer = [...prompt_token_ids, ...token_ids, ...prompt_token_ids.slice(0, 9)]
  const further = await ask(talk, longer, 6)
  const fresh = await openTest(talker)
  expect((await ask(clientOf(fresh), longer, 6)).token_ids).toEqual(further.token_ids)
  expect((await ask(clientOf(fresh), prompt, 12)).token_ids).toEqual(token_ids)
  await fresh.stop()
})

test('raw prompts come as texts and ids, several at a time', async () => {
  const { choices, usage } = await client.completions.create({ model, prompt: ['a', '<answered>'], temperature: 0 })
  expect(choices.map(({ text, finish_reason }) => [text.slice(0, 10), finish_reason])).toEqual([
    ['<think>Whe', 'stop'],
    ['It is warm', 'stop'],
  ])
  expect(usage!.prompt_tokens).toBe(2)
  const byIds = await client.completions.create({ model, prompt: [97], temperature: 0, logprobs: 1 })
  expect(byIds.choices[0]!.text).toBe(choices[0]!.text)
  expect(byIds.choices[0]!.logprobs!.tokens!.length).toBe(10)
})

const refusals: [string, number, string | null, string | null, object][] = [
  ['an unknown model', 404, 'model', 'model_not_found', { model: 'nothing' }],
  ['a temperature beyond reason', 400, 'temperature', null, { temperature: -1 }],
  ['no messages', 400, 'messages', null, { messages: [] }],
  [
    'a picture',
    400,
    'messages',
    null,
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
  ],
  ['a role that is none', 400, 'messages', null, { messages: [{ role: 'nobody', content: 'x' }] }],
  ['more tokens than the context has', 400, 'max_tokens', 'context_length_exceeded', { max_tokens: 5000 }],
  [
    'a prompt above the context',
    400,
    'messages',
    'context_length_exceeded',
    { messages: [{ role: 'user', content: 'x'.repeat(3000) }] },
  ],
  ['a penalty that is not offered', 400, 'frequency_penalty', null, { frequency_penalty: 1 }],
  ['an empty stop text', 400, 'stop', null, { stop: '' }],
  [
    'a body above the limit',
    413,
    null,
    'body_too_large',
    { messages: [{ role: 'user', content: 'x'.repeat(200_000) }] },
  ],
]
for (const [what, status, param, code, more] of refusals)
  test(`${what} is refused with ${status}`, async () => {
    const error = await client.chat.completions.create({ model, messages, ...more } as never).catch((error) => error)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect([error.status, error.param ?? null, error.code ?? null]).toEqual([status, param, code])
    expect(error.message).not.toContain('    at ')
  })

test('a request for more answers than one may have is refused', async () => {
  const asked = talk.completions.create({ model: 'talker', prompt: Array(100).fill('a'), n: 3 })
  expect(await asked.catch(({ status, param }) => [status, param])).toEqual([400, 'prompt'])
})

test('a client that goes away frees its place, and others are answered', async () => {
  const abort = new AbortController()
  const ask = { model: 'talker', prompt: 'open the ticket', max_tokens: 400, temperature: 0 }
  const stream = await talk.completions.create({ ...ask, stream: true }, { signal: abort.signal })
  const plain = talk.completions.create(ask, { signal: abort.signal }).catch((error) => error)
  while (talking.metrics.running < 2) await Bun.sleep(1)
  abort.abort()
  expect(await plain).toBeInstanceOf(OpenAI.APIUserAbortError)
  await Array.fromAsync(stream).catch(() => [])
  while (talking.metrics.running > 0) await Bun.sleep(1)
  expect(talking.metrics.gone).toBe(2)
  expect((await talk.completions.create({ ...ask, max_tokens: 2 })).usage!.completion_tokens).toBe(2)
})
