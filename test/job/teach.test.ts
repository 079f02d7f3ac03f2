// Distillation and difficulty against an endpoint that is slow, flaky and often wrong.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '../here.ts'

setDefaultTimeout(120_000)
const folder = mkdtempSync(join(tmpdir(), 'hone-teach-'))
const seen = { requests: 0, underWay: 0, most: 0, keys: new Set<string | null>() }
let server: ReturnType<typeof Bun.serve>

/** Row n is answered rightly from attempt n on; row 4 never; every seventh request is refused once with 429. */
beforeAll(() => {
  const refused = new Set<string>()
  server = Bun.serve({
    port: 0,
    async fetch(request) {
      seen.requests++
      seen.keys.add(request.headers.get('authorization'))
      seen.most = Math.max(seen.most, ++seen.underWay)
      const body = await request.json()
      await Bun.sleep(5)
      seen.underWay--
      const question: string = body.messages.at(-1).content
      const row = Number(/\d+/.exec(question)![0])
      const key = `${row} ${body.seed}`
      if (seen.requests % 7 === 0 && !refused.has(key)) {
        refused.add(key)
        return new Response('slow down', { status: 429, headers: { 'retry-after': '0' } })
      }
      const right = row < 4 && body.seed >= row
      const call = [{ name: 'look_up', arguments: { number: right ? row : -1 } }]
      const content = `<think>Look ${row} up.</think>\n<tool_call>\n${JSON.stringify(call)}\n</tool_call>\nDone!`
      return Response.json({ choices: [{ finish_reason: 'stop', message: { role: 'assistant', content } }] })
    },
  })
})
afterAll(async () => {
  await server.stop(true)
  rmSync(folder, { recursive: true, force: true })
})

const rows = Array.from({ length: 5 }, (_, n) => ({
  id: `row-${n}`,
  source: 'test',
  messages: [{ role: 'user', content: `Look up number ${n}.` }],
  tools: [
    {
      name: 'look_up',
      description: 'Looks a number up.',
      parameters: { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] },
    },
  ],
  answer: [{ name: 'look_up', arguments: { number: n } }],
  meta: {},
}))

async function hone(...args: string[]) {
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
  const { stderr, code } = await runHere(args, { cwd: folder, env: { OPENAI_API_KEY: 'secret' } })
  return { err: stderr, code }
}
const lines = (name: string) =>
  readFileSync(join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const at = () => ['--endpoint', `http://localhost:${server.port}/v1`, '--api-model', 'teacher']

test('distill keeps accepted replies in order, cut after their calls, and counts the rest', async () => {
  const { err, code } = await hone(
    'distill',
    'rows.jsonl',
    '-o',
    'traces.jsonl',
    ...at(),
    '--attempts',
    '4',
    '--concurrency',
    '3',
  )
  expect(code).toBe(0)
  expect(err).toContain('accepted 4  rejected 1  failed 0  (14 replies')
  const traces = lines('traces.jsonl')
  expect(traces.map(({ id }) => id)).toEqual(['row-0', 'row-1', 'row-2', 'row-3'])
  expect(traces[2].meta.completion).toBe(
    '<think>Look 2 up.</think>\n<tool_call>\n[{"name":"look_up","arguments":{"number":2}}]\n</tool_call>',
  )
  expect(traces[2].meta.thought).toBe('Look 2 up.')
  expect(seen.most).toBeLessThanOrEqual(3)
  expect([...seen.keys]).toEqual(['Bearer secret'])
})

test('a second run asks for nothing again, and one whose cache was cut off asks for the rest', async () => {
  const before = seen.requests
  const first = readFileSync(join(folder, 'traces.jsonl'), 'utf8')
  await hone('distill', 'rows.jsonl', '-o', 'traces.jsonl', ...at(), '--attempts', '4')
  expect(seen.requests).toBe(before)
  const cache = join(folder, 'traces.jsonl.answers.jsonl')
  writeFileSync(cache, readFileSync(cache, 'utf8').slice(0, -20))
  await hone('distill', 'rows.jsonl', '-o', 'traces.jsonl', ...at(), '--attempts', '4')
  expect(seen.requests).toBeGreaterThan(before)
  expect(readFileSync(join(folder, 'traces.jsonl'), 'utf8')).toBe(first)
})

test('difficulty gives pass rates and keeps the range that is asked for', async () => {
  const { err, code } = await hone(
    'difficulty',
    'rows.jsonl',
    '-o',
    'hard.jsonl',
    ...at(),
    '--samples',
    '4',
    '--keep',
    '0.2..0.8',
  )
  expect(code).toBe(0)
  expect(err).toContain('kept 3  too easy 1  too hard 1  failed 0')
  expect(lines('hard.jsonl').map(({ id, meta }) => [id, meta.pass_rate])).toEqual([
    ['row-1', 0.75],
    ['row-2', 0.5],
    ['row-3', 0.25],
  ])
})

test('an endpoint that is not there, a missing model and a range upside down end with 2 and leave no file', async () => {
  for (const args of [
    [
      'distill',
      'rows.jsonl',
      '-o',
      'no.jsonl',
      '--endpoint',
      'http://localhost:9',
      '--api-model',
      'x',
      '--attempts',
      '0',
    ],
    ['distill', 'rows.jsonl', '-o', 'no.jsonl', '--endpoint', 'http://localhost:9'],
    ['difficulty', 'rows.jsonl', '-o', 'no.jsonl', ...at(), '--keep', '0.8..0.2'],
    ['difficulty', 'rows.jsonl', '-o', 'no.jsonl'],
  ]) {
    expect((await hone(...args)).code).toBe(2)
    expect(await Bun.file(join(folder, 'no.jsonl')).exists()).toBe(false)
  }
})
