// hone eval as a script meets it: rows on stdout, the table on stderr, exit codes, reports.
import { expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere, runnerOf } from '../../here.ts'
import { describeForms, type Ended } from '../../hone.ts'
import { scratch } from '../../scratch.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-eval-'))
const rows = join(folder, 'rows.jsonl')
const tool = { name: 'f', description: 'd', parameters: { type: 'object', properties: { a: { type: 'integer' } } } }
const row = (id: string, answer: object[]) => ({
  id,
  source: 'test',
  messages: [{ role: 'user', content: 'q' }],
  tools: [tool],
  answer,
  meta: {},
})
writeLines(rows, [row('one', [{ name: 'f', arguments: { a: 1 } }]), row('none', [])])

test('one row per response on stdout, in order, and nothing else; the table goes to stderr', async () => {
  const responses = write('responses.jsonl', [
    { id: 'one', response: '<tool_call>[{"name": "f", "arguments": {"a": 1}}]</tool_call>' },
    { id: 'one', response: '<tool_call>[{"name": "f", "arguments": {"a": 2}}]</tool_call>' },
    { id: 'one', completion: 'no' },
    { id: 'none', output: 'There is no tool for this.' },
    { id: 'none', response: '<tool_call>[{"name": "f", "arguments": {}}]</tool_call>' },
  ])
  const { code, stdout, stderr } = await hone(
    'eval',
    '--bench',
    'rows',
    '--data',
    rows,
    '--responses',
    responses,
    '--format',
    'ndjson',
  )
  expect(code).toBe(0)
  const judged = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(judged.map(({ verdict }) => verdict)).toEqual([true, false, false, true, false])
  expect(judged.map(({ error_type }) => error_type)).toEqual([
    null,
    'wrong_value',
    'no_call',
    null,
    'call_where_none_fits',
  ])
  expect(stderr).toContain('exact match')
  expect(stderr).toContain('refusal: right')
})

describeForms((start, form) =>
  test("BFCL's Java and JavaScript are read with tree-sitter's grammars, wherever it is run", async () => {
    const data = mkdtempSync(join(folder, 'bfcl-'))
    mkdirSync(join(data, 'possible_answer'))
    const responses = ['java', 'javascript'].map((language) => {
      const [category, id] = [`simple_${language}`, `simple_${language}_0`]
      const parameters = { type: 'dict', properties: { n: { type: 'integer' } }, required: ['n'] }
      writeLines(join(data, `BFCL_v4_${category}.json`), [
        { id, question: [[]], function: [{ name: 'f.g', description: 'd', parameters }] },
      ])
      writeLines(join(data, 'possible_answer', `BFCL_v4_${category}.json`), [
        { id, ground_truth: [{ 'f.g': { n: [5] } }] },
      ])
      return { id, category, response: '[f.g(n=5)]' }
    })
    const words = [
      '--bench',
      'bfcl',
      '--data',
      data,
      '--responses',
      write('sources.jsonl', responses),
      '--format',
      'ndjson',
    ]
    const { code, stdout } = await runnerOf(start, form)(['eval', ...words], { cwd: data })
    expect([code, stdout.match(/"verdict": ?true/g)?.length]).toEqual([0, 2])
  }),
)

test('a bar that is not met ends with exit 1 and says by how much', async () => {
  const responses = write('half.jsonl', [
    { id: 'one', response: 'no' },
    { id: 'none', response: 'no' },
  ])
  const bar = (min: string) => hone('eval', '--bench', 'rows', '--data', rows, '--responses', responses, '--min', min)
  expect((await bar('0.5')).code).toBe(0)
  const missed = await bar('accuracy=0.5,exact match=0.75')
  expect(missed.code).toBe(1)
  expect(missed.stderr).toContain('exact match is 0.5000, below the bar of 0.75')
  expect((await bar('speed=1')).code).toBe(2)
})

test('several responses a row give mean@k, pass@k, best@k and maj@k', async () => {
  const right = { id: 'one', response: '<tool_call>[{"name": "f", "arguments": {"a": 1}}]</tool_call>' }
  const wrong = { id: 'one', response: 'no' }
  const responses = write('samples.jsonl', [wrong, right, right, wrong])
  const { stdout } = await hone('eval', '--bench', 'rows', '--data', rows, '--responses', responses, '--format', 'json')
  const scores = new Map<string, number>(
    JSON.parse(stdout).scores.map(({ name, value }: { name: string; value: number }) => [name, value]),
  )
  expect(scores.get('mean@4')).toBe(0.5)
  expect(scores.get('pass@2')).toBeCloseTo(1 - 1 / 6, 12)
  expect(scores.get('best@4')).toBe(1)
  expect(scores.get('maj@1')).toBe(0)
})

test('a response to an unknown row, a missing source and a malformed line each end with exit 2 and their place', async () => {
  const unknown = write('unknown.jsonl', [
    { id: 'one', response: '' },
    { id: 'two', response: '' },
  ])
  const { code, stderr } = await hone(
    'eval',
    '--bench',
    'rows',
    '--data',
    rows,
    '--responses',
    unknown,
    '--format',
    'ndjson',
  )
  expect(code).toBe(2)
  expect(stderr).toContain('unknown.jsonl:2')
  expect((await hone('eval', '--bench', 'rows', '--data', rows)).code).toBe(2)
  writeFileSync(join(folder, 'bad.jsonl'), '{"id": "one"\n')
  expect(
    (await hone('eval', '--bench', 'rows', '--data', rows, '--responses', join(folder, 'bad.jsonl'))).stderr,
  ).toContain('bad.jsonl:1')
})

test('the JSON file holds the summary and the page its pictures, without outside parts', async () => {
  const responses = write('page.jsonl', [
    { id: 'one', response: '<b>&amp;</b>' },
    { id: 'none', response: 'no' },
  ])
  const [json, page] = [join(folder, 'summary.json'), join(folder, 'page.html')]
  await hone('eval', '--bench', 'rows', '--data', rows, '--responses', responses, '--json', json, '--report', page)
  const summary = JSON.parse(readFileSync(json, 'utf8'))
  expect(summary.all).toMatchObject({ total: 2, correct: 1 })
  expect(summary.protocol).toMatch(/^[0-9a-f]{16}$/)
  const html = readFileSync(page, 'utf8')
  expect(html).toContain('<svg')
  expect(html).toContain('&lt;b&gt;&amp;amp;')
  expect(html).not.toMatch(/https?:\/\/|<script/)
})

function write(name: string, records: object[]): string {
  return writeLines(join(folder, name), records)
}

function writeLines(path: string, records: object[]): string {
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return path
}

function hone(...words: string[]): Promise<Ended> {
  return runHere(words)
}

test('result files for another benchmark are refused before anything is judged', async () => {
  const responses = write('refused.jsonl', [{ id: 'nowhere', response: '' }])
  const folder = join(scratch(), 'written')
  const words = ['eval', '--bench', 'rows', '--data', rows, '--responses', responses, '--write-bfcl', folder]
  expect(await hone(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining('use --bench bfcl') })
})
