// The server as an operator sees it: who may ask, how much, for how long, and how it ends; the ids of infer.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runHere } from '../../here.ts'
import { describeForms, sendRaw } from '../../hone.ts'
import type { Server } from '../../../src/serve/server.ts'
import { openTest, removeModels, talker, writeModels } from './models.ts'

beforeAll(writeModels)
afterAll(removeModels)

const LONG = { prompt: 'open the ticket', max_tokens: 400, temperature: 1 }
const post = ({ url }: Pick<Server, 'url'>, body: object, headers: Record<string, string> = {}, path = 'completions') =>
  fetch(`${url}/v1/${path}`, { method: 'POST', body: JSON.stringify(body), headers })
const errorOf = async (response: Response) => {
  const { error }: { error: { message: string; type: string; code: string | null } } = await response.json()
  return [response.status, error.type, error.code]
}

describe('limits', () => {
  test('a token is demanded where one is set, but not for health, and must be set beyond loopback', async () => {
    const server = await openTest(talker, { token: 'secret' })
    expect(await errorOf(await post(server, LONG))).toEqual([401, 'authentication_error', null])
    expect(await errorOf(await post(server, LONG, { authorization: 'Bearer secret!' }))).toEqual([
      401,
      'authentication_error',
      null,
    ])
    expect((await post(server, { ...LONG, max_tokens: 1 }, { authorization: 'Bearer secret' })).status).toBe(200)
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401)
    await server.stop()
    expect(openTest(talker, { host: '0.0.0.0' })).rejects.toThrow('without a token')
  })

  test('without a token a name that is not this machine’s is refused: it may be pointed here by another', async () => {
    const server = await openTest(talker)
    const statusFor = async (host: string) => {
      const headers = `Host: ${host}\r\nConnection: close`
      return (await sendRaw(Number(new URL(server.url).port), `GET /v1/models HTTP/1.1\r\n${headers}\r\n\r\n`)).slice(
        9,
        12,
      )
    }
    const hosts = ['localhost', '127.0.0.1:80', '[::1]', 'example.com', '127.0.0.1.example.com']
    expect(await Promise.all(hosts.map(statusFor))).toEqual(['200', '200', '200', '403', '403'])
    await server.stop()
  })

  test('more requests than it takes are sent away with the time to come again', async () => {
    const server = await openTest(talker, { maxRequests: 2 })
    const statuses = (
      await Promise.all(Array.from({ length: 4 }, () => post(server, { ...LONG, max_tokens: 50 })))
    ).map((response) => [response.status, response.headers.get('retry-after')])
    expect(statuses.toSorted()).toEqual([
      [200, null],
      [200, null],
      [429, '1'],
      [429, '1'],
    ])
    expect((await post(server, { ...LONG, max_tokens: 1 })).status).toBe(200)
    await server.stop()
  })

  test('an answer that takes too long is given up, also in a stream', async () => {
    const server = await openTest(talker, { timeout: 0.001 })
    expect(await errorOf(await post(server, LONG))).toEqual([504, 'timeout_error', 'timeout'])
    const events = (await (await post(server, { ...LONG, stream: true })).text()).trim().split('\n\n')
    expect(JSON.parse(events.at(-1)!.slice('data: '.length)).error.code).toBe('timeout')
    expect(server.metrics.running).toBe(0)
    await server.stop()
  })

  test('a body that does not come to its end is not waited for, and takes no place', async () => {
    const server = await openTest(talker, { timeout: 0.05 })
    const port = Number(new URL(server.url).port)
    const head = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n'
    expect(await sendRaw(port, `${head}{"prompt": `)).toStartWith('HTTP/1.1 504')
    expect(server.metrics.running).toBe(0)
    await server.stop()
  })

  test('what is not offered is said: paths, methods, bodies', async () => {
    const server = await openTest(talker)
    expect(await errorOf(await post(server, LONG, {}, 'nothing'))).toEqual([404, 'not_found_error', null])
    expect(await errorOf(await fetch(`${server.url}/v1/completions`))).toEqual([405, 'invalid_request_error', null])
    const broken = await fetch(`${server.url}/v1/completions`, { method: 'POST', body: '{"prompt": ' })
    expect(await errorOf(broken)).toEqual([400, 'invalid_request_error', null])
    expect(await errorOf(await post(server, { ...LONG, prompt: [99_999] }))).toEqual([
      400,
      'invalid_request_error',
      null,
    ])
    expect(await errorOf(await post(server, { ...LONG, prompt: '' }))).toEqual([400, 'invalid_request_error', null])
    expect((await fetch(`${server.url}/v1/models/%`)).status).toBe(404)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toContain('hone_requests_total{path="/v1/completions",status="400"} 3\n')
    expect(metrics).toContain('hone_requests_running 0\n')
    await server.stop()
  })
})

test('it drains: what runs is finished, what comes is sent away', async () => {
  const server = await openTest(talker)
  const running = post(server, { ...LONG, temperature: 0, max_tokens: 200 })
  while (server.metrics.running === 0) await Bun.sleep(1)
  const drained = server.drain()
  expect(await errorOf(await post(server, LONG))).toEqual([503, 'server_error', null])
  expect((await fetch(`${server.url}/health`)).status).toBe(503)
  const { usage }: { usage: { completion_tokens: number } } = await (await running).json()
  expect(usage.completion_tokens).toBe(200)
  await drained
  expect(server.metrics.running).toBe(0)
})

describeForms((start) => {
  test('the command says where it listens, answers as infer does, drains at SIGTERM and ends with 0', async () => {
    const child = Bun.spawn([...start, 'serve', talker, '--device', 'cpu', '--port', '0'], { stderr: 'pipe' })
    const reader = child.stderr.getReader()
    const decoder = new TextDecoder()
    let said = ''
    while (!/listening on (http:\S+)\n/.test(said))
      said += decoder.decode((await reader.read()).value, { stream: true })
    expect(said).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\n/)
    const url = /http:\S+/.exec(said)![0]
    const input = '{"messages": [{"role": "user", "content": "open the ticket"}]}'
    const served = async (more: object) => {
      const body = { ...JSON.parse(input), return_token_ids: true, logprobs: true, ...more }
      const { choices, prompt_token_ids }: Record<string, any> = await (
        await post({ url }, body, {}, 'chat/completions')
      ).json()
      return [prompt_token_ids, choices[0].token_ids]
    }
    const inferred = async (...words: string[]) => {
      const { stdout } = await runHere(['infer', talker, '--device', 'cpu', ...words], { input })
      const { prompt_ids, output_ids } = JSON.parse(stdout)
      return [prompt_ids, output_ids]
    }
    expect(await served({ temperature: 0 })).toEqual(await inferred())
    expect(await served({ temperature: 0.8, seed: 7, max_tokens: 20 })).toEqual(
      await inferred('--temperature', '0.8', '--seed', '7', '--max-new-tokens', '20'),
    )
    const running = served({ max_tokens: 300 })
    // It is asked to end while it answers, not before the question has reached it.
    while (!/^hone_requests_running [1-9]/m.test(await (await fetch(`${url}/metrics`)).text())) await Bun.sleep(2)
    child.kill('SIGTERM')
    expect((await running)[1].length).toBeGreaterThan(0)
    expect(await child.exited).toBe(0)
  }, 60_000)
})

test('what cannot be served ends the command with 2', async () => {
  const serve = (...words: string[]) => runHere(['serve', talker, '--device', 'cpu', ...words])
  for (const [words, message] of [
    [['--adapter', 'x'], /^error: Cannot serve the adapter "x": it has no name\n\nhint: /],
    [['--adapter', 'talker=x'], /^error: Cannot serve two models as "talker"/],
    [['--adapter', 'a=nowhere'], /^error: .*nowhere/],
    [['--host', '0.0.0.0'], /^error: Cannot serve on 0\.0\.0\.0 without a token/],
    [['--port', '70000'], /^error: --port must be/],
  ] as const) {
    const { code, stderr } = await serve(...words)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  }
}, 60_000)
