// The endpoint client against a server of our own: tools, retries, refusals, order.
import { afterAll, expect, test } from 'bun:test'
import { openaiMessages } from '../../src/dialogue/openai.ts'
import type { Message } from '../../src/dialogue/row.ts'
import { chat, complete, inOrder } from '../../src/dialogue/endpoint.ts'
import type { Endpoint } from '../../src/dialogue/endpoint/post.ts'
import { HoneError } from '../../src/error.ts'

const seen: { path: string; body: unknown; key: string | null }[] = []
const replies: (() => Response | Promise<Response>)[] = []
const server = Bun.serve({
  port: 0,
  async fetch(request) {
    seen.push({
      path: new URL(request.url).pathname,
      body: await request.json(),
      key: request.headers.get('authorization'),
    })
    return replies.shift()?.() ?? new Response('nothing left', { status: 400 })
  },
})
afterAll(() => server.stop(true))

const waits: number[] = []
const endpoint: Endpoint = {
  url: `http://localhost:${server.port}/v1/`,
  model: 'm',
  key: 'k',
  wait: async (time) => void waits.push(time),
}
const sampling = { temperature: 0, maxTokens: 5 }
const said = (message: object) => () => Response.json({ choices: [{ message, finish_reason: 'stop' }] })

test('a chat carries model, key and tools, and gives text, thinking and parsed calls', async () => {
  replies.push(
    said({
      content: null,
      reasoning_content: 'hm',
      tool_calls: [
        { function: { name: 'f', arguments: '{"a": 1}' } },
        { function: { name: 'g', arguments: '{broken' } },
      ],
    }),
  )
  const reply = await chat(endpoint, [{ role: 'user', content: 'q' }], [{ type: 'function' }], sampling)
  expect(reply).toEqual({
    content: '',
    reasoning: 'hm',
    calls: [
      { name: 'f', arguments: { a: 1 } },
      { name: 'g', arguments: '{broken' },
    ],
    finish: 'stop',
  })
  expect(seen.at(-1)).toEqual({
    path: '/v1/chat/completions',
    key: 'Bearer k',
    body: {
      model: 'm',
      messages: [{ role: 'user', content: 'q' }],
      tools: [{ type: 'function' }],
      temperature: 0,
      max_tokens: 5,
    },
  })
})

test('a raw prompt is continued', async () => {
  replies.push(() => Response.json({ choices: [{ text: ' world' }] }))
  expect(await complete(endpoint, 'hello', { ...sampling, stop: ['.'] })).toBe(' world')
  expect(seen.at(-1)?.body).toEqual({ model: 'm', prompt: 'hello', temperature: 0, max_tokens: 5, stop: ['.'] })
})

test('what may pass is tried again, as long as the server says, and a refusal is not', async () => {
  waits.length = 0
  replies.push(
    () => new Response('busy', { status: 429, headers: { 'retry-after': '2' } }),
    () => new Response('', { status: 503 }),
    said({ content: 'ok' }),
  )
  expect((await chat(endpoint, [], [], sampling)).content).toBe('ok')
  expect(waits).toEqual([2000, 1000])
  const asked = seen.length
  replies.push(() => new Response('no such model', { status: 404 }))
  await expect(chat(endpoint, [], [], sampling)).rejects.toThrow(/status 404: no such model/)
  expect(seen.length).toBe(asked + 1)
})

test('a reply without end is no reply, and an endpoint cannot send the client to sleep', async () => {
  const block = new Uint8Array(2 ** 20)
  replies.push(() => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(block) })))
  await expect(complete(endpoint, 'a', sampling)).rejects.toThrow('the reply has more than 64 MiB')
  waits.length = 0
  replies.push(
    () => new Response('busy', { status: 429, headers: { 'retry-after': '99999999' } }),
    () => Response.json({ choices: [{ text: 'b' }] }),
  )
  expect(await complete(endpoint, 'a', sampling)).toBe('b')
  expect(waits).toEqual([60_000])
})

test('a server that is down or answers something else is an error for people', async () => {
  const down: Endpoint = { url: 'http://localhost:9', model: 'm', retries: 1, wait: async () => {} }
  await expect(complete(down, '', sampling)).rejects.toThrow(HoneError)
  replies.push(() => Response.json({ object: 'list' }))
  await expect(chat(endpoint, [], [], sampling)).rejects.toThrow(/choices/)
})

test('an address at which nothing listens is told at once, and tried again only once it has answered', async () => {
  waits.length = 0
  const absent: Endpoint = { url: 'http://localhost:9/v1', model: 'm', wait: async (time) => void waits.push(time) }
  await expect(complete(absent, '', sampling)).rejects.toThrow(
    expect.objectContaining({
      message: 'Cannot ask the endpoint: nothing listens there',
      at: 'http://localhost:9/v1/completions',
      hint: expect.stringContaining('is the server up'),
    }),
  )
  const nowhere: Endpoint = { ...absent, url: 'http://no-such-host.invalid/v1' }
  await expect(complete(nowhere, '', sampling)).rejects.toThrow('there is no such host')
  expect(waits).toEqual([])
  const once = Bun.serve({ port: 0, fetch: () => Response.json({ choices: [{ text: 'a' }] }) })
  const leaving: Endpoint = { ...absent, url: `http://localhost:${once.port}/v1`, retries: 2 }
  expect(await complete(leaving, '', sampling)).toBe('a')
  await once.stop(true)
  await expect(complete(leaving, '', sampling)).rejects.toThrow('nothing listens there')
  expect(waits).toEqual([500, 1000])
})

test('an answer that does not come in time is asked for again, and every retry is named', async () => {
  const told: [string, number][] = []
  const slow: Endpoint = {
    ...endpoint,
    timeout: 50,
    retries: 1,
    onRetry: (reason, milliseconds) => void told.push([reason, milliseconds]),
  }
  const late = () => new Promise<Response>((resolve) => setTimeout(() => resolve(Response.json({})), 1000).unref())
  replies.push(late, late)
  await expect(complete(slow, 'a', sampling)).rejects.toThrow('no answer within 0.05 s (--timeout)')
  expect(told).toEqual([['no answer within 0.05 s (--timeout)', 500]])
})

test('what a server says that it does not take is sent in another way from then on', async () => {
  const told: string[] = []
  const picky: Endpoint = { ...endpoint, onAdapted: (what) => void told.push(what) }
  const refusing = (param: string) => () =>
    Response.json(
      {
        error: {
          message: `Unsupported: '${param}' is not supported with this model.`,
          param,
          code: 'unsupported_parameter',
        },
      },
      { status: 400 },
    )
  replies.push(refusing('max_tokens'), refusing('temperature'), said({ content: 'ok' }), said({ content: 'ok' }))
  expect((await chat(picky, [], [], sampling)).content).toBe('ok')
  await chat(picky, [], [], sampling)
  for (const { body } of seen.slice(-2)) expect(body).toEqual({ model: 'm', messages: [], max_completion_tokens: 5 })
  expect(told).toHaveLength(2)
  replies.push(refusing('messages'))
  await expect(chat(picky, [], [], sampling)).rejects.toThrow(/status 400: Unsupported: 'messages'/)
})

test('answers come in the order of the questions, with no more under way than allowed', async () => {
  let underWay = 0
  let most = 0
  const ask = async (item: number) => {
    most = Math.max(most, ++underWay)
    await Bun.sleep(item % 3 === 0 ? 6 : 1)
    underWay--
    return item
  }
  expect(await Array.fromAsync(inOrder([1, 2, 3, 4, 5, 6, 7], 3, ask))).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(most).toBe(3)
})

test('calls and results of a dialogue are tied together by ids', () => {
  const call = { name: 'a.b', arguments: {} }
  const turns: Message[] = [
    { role: 'assistant', content: '', tool_calls: [call, call] },
    { role: 'tool', content: 'of the first' },
    { role: 'assistant', content: '', tool_calls: [call] },
    { role: 'tool', content: 'of the third' },
  ]
  const ids = openaiMessages(turns, { rename: (name) => name.replace('.', '_') })
  expect(ids.map((message) => message['tool_call_id'])).toEqual([undefined, 'call_0', undefined, 'call_2'])
  expect(JSON.stringify(ids)).not.toContain('a.b')
  const messages = openaiMessages([
    { role: 'user', content: 'q' },
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { name: 'f', arguments: { a: 1 } },
        { name: 'g', arguments: {} },
      ],
    },
    { role: 'tool', content: '1' },
    { role: 'tool', content: '2' },
  ])
  expect(messages[1]?.['tool_calls']).toEqual([
    { id: 'call_0', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } },
    { id: 'call_1', type: 'function', function: { name: 'g', arguments: '{}' } },
  ])
  expect(messages.slice(2).map((message) => message['tool_call_id'])).toEqual(['call_0', 'call_1'])
})
