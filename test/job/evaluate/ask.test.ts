// Evaluation of an endpoint: what it is sent, how its answers are read, and going on after a cut.
import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { categories } from '../../../src/eval/bfcl/categories.ts'
import { runHere } from '../../here.ts'

const hone = (...words: string[]) => runHere(words)

interface Body {
  tools?: object[]
  prompt?: string
  messages: { role: string; content: string }[]
}
const requests: { path: string; body: Body }[] = []
let reply: (question: string) => object = () => ({ content: '' })
const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const body = (await request.json()) as Body
    requests.push({ path: new URL(request.url).pathname, body })
    return Response.json({
      choices: [{ message: reply(JSON.stringify(body)), text: '[math.add(a=1, b=2.5)]', finish_reason: 'stop' }],
    })
  },
})
afterAll(() => server.stop(true))

const folder = mkdtempSync(join(tmpdir(), 'hone-ask-'))
mkdirSync(join(folder, 'possible_answer'))
for (const category of Object.keys(categories))
  writeFileSync(join(folder, `BFCL_v4_${category}.json`), row(`${category}_0`, 'math.add'))
for (const category of ['simple_python', 'multiple']) {
  writeFileSync(
    join(folder, 'possible_answer', `BFCL_v4_${category}.json`),
    JSON.stringify({ id: `${category}_0`, ground_truth: [{ 'math.add': { a: [1], b: [2.5] } }] }),
  )
}
const common = [
  '--bench',
  'bfcl',
  '--data',
  folder,
  '--endpoint',
  `http://localhost:${server.port}/v1`,
  '--api-model',
  'm',
  '--only',
  'simple_python,irrelevance',
  '--format',
  'ndjson',
]

test('tools are sent as JSON Schema without dots, and parsed calls are judged', async () => {
  requests.length = 0
  reply = (question) =>
    question.includes('simple_python')
      ? { content: null, tool_calls: [{ function: { name: 'math_add', arguments: '{"a": 1, "b": 2.5}' } }] }
      : { content: 'No tool fits.' }
  const { code, stdout } = await hone('eval', ...common)
  expect(code).toBe(0)
  expect(requests[0]?.path).toBe('/v1/chat/completions')
  expect(requests[0]?.body.tools?.[0]).toMatchObject({
    type: 'function',
    function: { name: 'math_add', parameters: { type: 'object', properties: { b: { type: 'number' } } } },
  })
  const judged = lines(stdout)
  expect(judged).toMatchObject([
    { id: 'simple_python_0', category: 'simple_python', verdict: true },
    { id: 'irrelevance_0', category: 'irrelevance', verdict: true, content: 'No tool fits.' },
  ])
})

test('a prompt form sends its text in place of tools, and thinking kept apart is put back', async () => {
  requests.length = 0
  reply = (question) =>
    question.includes('simple_python')
      ? {
          content: '<tool_call>[{"name": "math.add", "arguments": {"a": 1, "b": 2.5}}]</tool_call>',
          reasoning_content: 'add',
        }
      : { content: '<tool_call>[]</tool_call>' }
  const { stdout } = await hone('eval', ...common, '--prompt', 'tool-n1-eval')
  expect(requests[0]?.body.tools).toBeUndefined()
  expect(requests[0]?.body.messages[0]?.content).toContain('math.add')
  expect(lines(stdout)).toMatchObject([
    { verdict: true, mode: 'tool-n1', response: expect.stringContaining('<think>add</think>') },
    { verdict: true },
  ])
})

test('raw completions carry the prompt as the tokenizer’s template renders it', async () => {
  requests.length = 0
  const tokenizer = join(import.meta.dir, '../../../fixtures/minicall/model')
  const { code, stdout } = await hone('eval', ...common, '--prompt', 'bfcl', '--completions', tokenizer)
  expect(code).toBe(0)
  expect(requests[0]?.path).toBe('/v1/completions')
  expect(
    requests
      .map(({ body }) => body.prompt)
      .sort()
      .at(-1),
  ).toMatch(/<\|im_start\|>user\nquestion of simple_python_0<\|im_end\|>\n<\|im_start\|>assistant\n$/)
  expect(lines(stdout)).toMatchObject([{ verdict: true, response: '[math.add(a=1, b=2.5)]' }, { verdict: false }])
})

test('a second run goes on from the file of the first, even where it was cut in the middle of a line', async () => {
  const save = join(folder, 'saved.jsonl')
  reply = () => ({ content: '[math.add(a=1, b=2.5)]' })
  const first = await hone('eval', ...common, '--prompt', 'bfcl', '--save', save)
  expect(lines(first.stdout)).toMatchObject([
    { verdict: true },
    { verdict: false, error_type: 'irrelevance_error:decoder_success' },
  ])
  const text = readFileSync(save, 'utf8')
  writeFileSync(save, text.slice(0, text.length - 20))
  requests.length = 0
  const second = await hone('eval', ...common, '--prompt', 'bfcl', '--save', save)
  expect(requests.length).toBe(1)
  expect(second.stdout).toBe(first.stdout)
  expect(readFileSync(save, 'utf8')).toBe(text)
  const other = await hone('eval', ...common, '--prompt', 'bfcl', '--temperature', '1', '--save', save)
  expect(other.code).toBe(2)
  expect(other.stderr).toContain('saved.jsonl:1')
})

test('saved responses can be judged as a file, with the same verdicts', async () => {
  const { stdout } = await hone(
    'eval',
    '--bench',
    'bfcl',
    '--data',
    folder,
    '--responses',
    join(folder, 'saved.jsonl'),
    '--format',
    'ndjson',
  )
  expect(lines(stdout).map(({ verdict }) => verdict)).toEqual([true, false])
})

test('a row that the endpoint refuses counts as wrong, with the status; the others are judged', async () => {
  const strict = Bun.serve({
    port: 0,
    async fetch(request) {
      if ((await request.text()).includes('irrelevance')) return new Response('policy', { status: 400 })
      return Response.json({
        choices: [{ message: { tool_calls: [{ function: { name: 'math_add', arguments: '{"a": 1, "b": 2.5}' } }] } }],
      })
    },
  })
  const words = common.map((word) => (word.startsWith('http') ? `http://localhost:${strict.port}/v1` : word))
  const { code, stdout, stderr } = await hone('eval', ...words)
  await strict.stop(true)
  expect(code).toBe(0)
  expect(lines(stdout)).toMatchObject([
    { id: 'simple_python_0', fault: null },
    { id: 'irrelevance_0', error_type: 'refused', fault: expect.stringContaining('status 400: policy') },
  ])
  expect(stderr).toContain('1 of 2 rows were refused by the endpoint')
})

test('calls that an endpoint parsed are written, judged again from the file, and a fault where their arguments are none', async () => {
  const place = join(folder, 'rows.jsonl')
  const tools = [{ name: 'f', description: '', parameters: { type: 'object', properties: {} } }]
  const messages = ['fine', 'broken'].map((content) => ({ role: 'user', content }))
  const rows = messages.map((message, i) => ({
    id: `row-${i}`,
    source: 'made',
    messages: [message],
    tools,
    answer: [{ name: 'f', arguments: { a: 1 } }],
  }))
  writeFileSync(place, rows.map((each) => JSON.stringify(each) + '\n').join(''))
  reply = (question) => ({
    content: null,
    tool_calls: [{ function: { name: 'f', arguments: question.includes('broken') ? '{"a": ' : '{"a": 1}' } }],
  })
  const asked = ['--endpoint', `http://localhost:${server.port}/v1`, '--api-model', 'm']
  const { stdout } = await hone('eval', '--bench', 'rows', '--data', place, ...asked, '--format', 'ndjson')
  expect(lines(stdout)).toMatchObject([
    { id: 'row-0', verdict: true, fault: null, tool_calls: [{ name: 'f', arguments: { a: 1 } }] },
    { id: 'row-1', verdict: false, fault: expect.stringContaining('arguments of f'), tool_calls: [{ name: 'f' }] },
  ])
  const file = join(folder, 'written.jsonl')
  writeFileSync(file, stdout)
  const again = await hone('eval', '--bench', 'rows', '--data', place, '--responses', file, '--format', 'ndjson')
  expect(lines(again.stdout).map(({ verdict }) => verdict)).toEqual([true, false])
})

test('an endpoint needs the name of its model, and categories are checked', async () => {
  const missing = await hone('eval', '--bench', 'bfcl', '--data', folder, '--endpoint', 'http://localhost:1')
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--api-model') })
  const typo = await hone('eval', ...common.slice(0, -4), '--only', 'simple_pyton')
  expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining('simple_python') })
})

function row(id: string, name: string): string {
  const parameters = {
    type: 'dict',
    properties: { a: { type: 'integer', description: 'a' }, b: { type: 'float', description: 'b' } },
    required: ['a', 'b'],
  }
  return JSON.stringify({
    id,
    question: [[{ role: 'user', content: `question of ${id}` }]],
    function: [{ name, description: 'adds', parameters }],
  })
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
