// The reward server: verdicts in batches over HTTP, a token beyond loopback, and one line a row over a pipe.
import { afterAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openScorer } from '../../src/reward/scorer.ts'
import { serveReward } from '../../src/job/serve-reward/serve-reward.ts'
import { forms, run, sendRaw } from '../hone.ts'
import { scratch } from '../scratch.ts'

const scorer = openScorer('tool-n1')
const open = serveReward(scorer, { host: '127.0.0.1', port: 0, token: undefined })
const locked = serveReward(scorer, { host: '127.0.0.1', port: 0, token: 'secret' })
afterAll(() => {
  open.stop()
  locked.stop()
})

const ROW = {
  completion: '<think>t</think><tool_call>[{"name":"f","arguments":{"x":1.0}}]</tool_call>',
  ground_truth: '[{"name":"f","arguments":{"x":1.0}}]',
}
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/score`, { method: 'POST', body, headers })

test('a batch of rows gives a batch of verdicts in order', async () => {
  const body = JSON.stringify({
    rows: [ROW, { ...ROW, ground_truth: '[]' }, { ...ROW, completion: '<think></think><tool_call>5</tool_call>' }],
  })
  const { verdicts }: { verdicts: { score: number; fault: string | null }[] } = JSON.parse(
    await (await post(open.url, body)).text(),
  )
  expect(verdicts.map(({ score, fault }) => fault ?? score)).toEqual([1, 0, 'TypeError'])
})

test('a number in an answer keeps its type over HTTP', async () => {
  const answer = (x: string) =>
    `{"rows": [{"completion": ${JSON.stringify(ROW.completion)}, "answer": [{"name": "f", "arguments": {"x": ${x}}}]}]}`
  const scores = await Promise.all(
    ['1.0', '1'].map(
      async (x): Promise<number> => JSON.parse(await (await post(open.url, answer(x))).text()).verdicts[0].score,
    ),
  )
  expect(scores).toEqual([1, 0])
})

test('what is wrong with a request is said, and the server goes on', async () => {
  expect((await post(open.url, '{"rows": [')).status).toBe(400)
  const response = await post(open.url, '{"rows": [{"completion": "a"}]}')
  expect([response.status, await response.text()]).toEqual([
    400,
    '{"error":"rows[0]: Cannot score a row: it has no \\"ground_truth\\" and no \\"answer\\""}',
  ])
  expect((await fetch(`${open.url}/nothing`)).status).toBe(404)
  expect((await fetch(`${open.url}/score`)).status).toBe(405)
})

test('a token is demanded where one is set, and must be set beyond loopback', async () => {
  expect((await post(locked.url, '{"rows": []}')).status).toBe(401)
  expect((await post(locked.url, '{"rows": []}', { authorization: 'Bearer secret' })).status).toBe(200)
  expect((await fetch(`${locked.url}/health`)).status).toBe(200)
  expect(() => serveReward(scorer, { host: '0.0.0.0', port: 0, token: undefined })).toThrow('without a token')
})

test('the description names the endpoint and its schemas', async () => {
  const description: { openapi: string; paths: object; components: { schemas: object } } = JSON.parse(
    await (await fetch(`${open.url}/openapi.json`)).text(),
  )
  expect(description.openapi).toBe('3.1.0')
  expect(Object.keys(description.paths)).toEqual(['/score', '/health'])
  expect(Object.keys(description.components.schemas)).toContain('Verdict')
})

test('over a pipe every row is answered on a line of its own', () => {
  const { stdout } = run(forms[0]![1], ['serve-reward', 'tool-n1', '--stdio'], {
    input: JSON.stringify(ROW) + '\n' + JSON.stringify({ ...ROW, ground_truth: '[]' }) + '\n',
  })
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): number => JSON.parse(line).score),
  ).toEqual([1, 0])
})

test('a malformed Host header is refused before anything is said of this machine', async () => {
  const port = Number(new URL(locked.url).port)
  const answer = await sendRaw(port, 'GET /score HTTP/1.1\r\nHost: [::::\r\nConnection: close\r\n\r\n')
  expect(answer).toStartWith('HTTP/1.1 400')
  expect(answer).not.toContain(process.cwd())
})

test('over a pipe a reward of one’s own answers with verdicts too: score, parts, fault and reasons', () => {
  const file = join(scratch(), 'half.ts')
  writeFileSync(
    file,
    `export default ({ completion }: any) => {
       console.log('printed')
       if (completion === 'throw') throw new TypeError('boo')
       return completion === 'skip' ? { score: null } : completion === 'nan' ? NaN : 0.5
     }`,
  )
  const input = ['x', 'nan', 'throw', 'skip'].map((completion) => `${JSON.stringify({ completion })}\n`).join('')
  const { stdout } = run(forms[0]![1], ['serve-reward', file, '--stdio'], { input })
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((line): { score: number | null; fault: string | null } => JSON.parse(line))
  expect(verdicts.map(({ score, fault }) => [score, fault])).toEqual([
    [0.5, null],
    [0, 'NotAScore'],
    [0, 'TypeError'],
    [null, null],
  ])
  expect(Object.keys(verdicts[0]!)).toEqual(['score', 'parts', 'fault', 'reasons'])
})
