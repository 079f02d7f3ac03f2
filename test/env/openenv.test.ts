// OpenEnv servers: tools or actions over a WebSocket an episode, and what goes wrong there.
import { afterAll, expect, test } from 'bun:test'
import { openEnvironment } from '../../src/env/open.ts'
import type { Call } from '../../src/dialogue/call/format.ts'
import { HoneError } from '../../src/error.ts'
import type { Environment } from '../../src/rl/environment.ts'

const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
const said = (...calls: Call[]) => ({ text: 'hello', calls, fault: null })
const none = { envCmd: null, tools: [], mcp: null, toolTimeout: 1, frame: null, maxToolCalls: null }
const code = { codeEngine: 'embedded', codeUrl: null, codeState: 'call' } as const
const opened: Environment[] = []
const servers: { stop(force: boolean): unknown }[] = []
afterAll(async () => {
  opened.forEach((each) => each.close())
  await Promise.all(servers.map((each) => each.stop(true)))
})

interface Frame {
  type: string
  data: { [key: string]: unknown }
}
/** A server whose answer to a frame is what `answer` gives: undefined says nothing. `seen` are its frames. */
async function served(answer: (frame: Frame) => unknown, schema?: object) {
  const seen: Frame[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, server) {
      if (new URL(request.url).pathname === '/schema')
        return Response.json(schema ?? {}, { status: schema ? 200 : 404 })
      return server.upgrade(request) ? undefined : new Response('no')
    },
    websocket: {
      message(socket, text) {
        const frame: Frame = JSON.parse(String(text))
        seen.push(frame)
        const said = answer(frame)
        if (said === 'hang up') socket.close()
        else if (said !== undefined) socket.send(typeof said === 'string' ? said : JSON.stringify(said))
      },
    },
  })
  servers.push(server)
  const environment = (await openEnvironment({ ...none, ...code, env: `ws://127.0.0.1:${server.port}/ws` }))!
  opened.push(environment)
  return { environment, seen }
}
const observation = (observation: object, reward: unknown = null, done = false) => ({
  type: 'observation',
  data: { observation, reward, done },
})
const error = (code: string) => ({ type: 'error', data: { message: 'not so', code } })
const noTools = { type: 'mcp', data: { jsonrpc: '2.0', error: { code: -32601, message: 'no' }, id: 1 } }
const action = { type: 'object', properties: { move: { type: 'integer' }, metadata: { type: 'object' } } }

test('the tools of a server are offered, and calls are steps whose rewards are summed', async () => {
  const tools = [{ name: 'add', description: 'Adds.', input_schema: { type: 'object', properties: {} } }]
  const { environment, seen } = await served(({ type, data }) => {
    if (type === 'mcp') return { type: 'mcp', data: { result: { tools }, id: 1 } }
    if (type === 'reset') return observation({ prompt: `Sum of ${String(data['kind'])}` })
    const { a } = Object(data['arguments'])
    if (a === 0) return observation({ tool_name: 'add', result: null, error: { message: 'bad' } }, 0)
    return observation({ tool_name: 'add', result: { content: [{ type: 'text', text: '3' }] } }, true, a === 9)
  })
  const episode = await environment.reset(row, { kind: 'odd', id: 'a' }, '1')
  expect(episode.asked).toMatchObject({ messages: [{ role: 'user', content: 'Sum of odd' }], tools: [{ name: 'add' }] })
  const call = (a: number) => ({ name: 'add', arguments: { a } })
  expect(await episode.step(said(call(1), call(0)))).toEqual({
    messages: [
      { role: 'tool', content: '3' },
      { role: 'tool', content: 'Error: bad' },
    ],
    done: false,
    reward: 1,
    metrics: { tool_calls: 2, tool_errors: 0 },
  })
  expect(await episode.step(said(call(9), call(1)))).toMatchObject({
    done: true,
    reward: 1,
    metrics: { tool_calls: 1 },
  })
  const steps = seen.filter(({ type }) => type === 'step').map(({ data }) => data)
  expect(steps[0]).toEqual({ type: 'call_tool', tool_name: 'add', arguments: { a: 1 } })
  expect(seen.find(({ type }) => type === 'reset')!.data).toEqual({ seed: expect.any(Number), kind: 'odd' })
})

test('a server without tools is acted on by the fields of its action; one that does not fit is told to the model', async () => {
  const { environment } = await served(
    ({ type, data }) => {
      if (type === 'mcp') return noTools
      if (type === 'reset') return observation({ cell: 0, metadata: {} })
      if (data['move'] === 1) return observation({ cell: 1 }, 0.5, true)
      const errors = data['move'] === 'up' ? [{ loc: ['move'], msg: 'must be a number', type: 'int' }] : undefined
      return { type: 'error', data: { message: 'not so', code: 'VALIDATION_ERROR', errors } }
    },
    { action },
  )
  const episode = await environment.reset(row, {}, '1')
  expect(episode.asked).toMatchObject({ messages: [{ content: '{"cell": 0}' }], tools: [{ name: 'step' }] })
  expect(episode.asked?.tools?.[0]?.parameters).toEqual({ type: 'object', properties: { move: { type: 'integer' } } })
  const move = (move: unknown) => said({ name: 'step', arguments: { move: move as number } })
  expect(await episode.step(move('left'))).toMatchObject({
    messages: [{ role: 'tool', content: 'Error: not so' }],
    done: false,
    metrics: { tool_errors: 1 },
  })
  expect((await episode.step(move('up'))).messages[0]!.content).toBe('Error: move: must be a number')
  expect(await episode.step(move(1))).toMatchObject({ done: true, reward: 0.5 })
  expect(await (await environment.reset(row, {}, '2')).step(said())).toEqual({ messages: [], done: true })
})

test('where an action is one text, a reply is the action', async () => {
  const { environment } = await served(
    ({ type, data }) => {
      if (type === 'mcp') return noTools
      return observation({ text: type === 'reset' ? 'Say hello.' : `You said ${String(data['message'])}` })
    },
    { action: { type: 'object', properties: { message: { type: 'string' } } } },
  )
  const episode = await environment.reset(row, {}, '1')
  expect(await episode.step(said())).toMatchObject({ messages: [{ role: 'user', content: 'You said hello' }] })
})

test('what fails in a server ends the episode at hand with a fault', async () => {
  const { environment } = await served(
    ({ type, data }) => {
      if (type === 'mcp') return noTools
      if (type === 'reset') return observation({})
      return { fail: error('EXECUTION_ERROR'), babble: 'what?', hang: undefined, leave: 'hang up' }[
        String(data['move'])
      ]
    },
    { action },
  )
  const faults = { fail: 'EXECUTION_ERROR: not so', babble: 'no answer: what?', hang: 'within 1 s', leave: 'closed' }
  for (const [move, fault] of Object.entries(faults)) {
    const episode = await environment.reset(row, {}, move)
    await expect(episode.step(said({ name: 'step', arguments: { move } }))).rejects.toThrow(fault)
    episode.close()
  }
})

test('a server that is not there, has no room or does not say what it takes is an error at once', async () => {
  const away = (await openEnvironment({ ...none, ...code, env: 'ws://127.0.0.1:9/ws' }))!
  await expect(away.reset(row, {}, '1')).rejects.toThrow('Cannot reach the environment')
  const full = await served(({ type }) => (type === 'mcp' ? noTools : error('CAPACITY_REACHED')), { action })
  await expect(full.environment.reset(row, {}, '1')).rejects.toThrow(HoneError)
  const mute = await served(() => noTools)
  await expect(mute.environment.reset(row, {}, '1')).rejects.toThrow(
    'Cannot read what the environment takes: status 404',
  )
})
