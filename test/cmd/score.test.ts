// hone score: a verdict a row in order, a summary for people, an answer for continuous integration.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { runHere } from '../here.ts'
import { forms, run } from '../hone.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const start = forms[0]![1]
const folder = mkdtempSync(join(tmpdir(), 'hone-score-'))
afterAll(() => rmSync(folder, { recursive: true }))

const CALL = '[{"name":"f","arguments":{"x":1}}]'
const reply = (body: string) => `<think>t</think><tool_call>${body}</tool_call>`
const RIGHT = { id: 'right', completion: reply(CALL), ground_truth: CALL }
const WRONG = { id: 'wrong', completion: reply('[{"name":"f","arguments":{"x":1.0,"y":"a"}}]'), ground_truth: CALL }
const LOOSE = {
  id: 'loose',
  completion: `<tool_call>${CALL}</tool_call><think>t</think>`,
  answer: [{ name: 'f', arguments: { x: 1 } }],
}
const FAULT = { id: 'fault', completion: reply('5'), ground_truth: CALL }
const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row) + '\n').join('')
const score = (words: string[], input: string) => runHere(['score', '-', ...words], { input })

test('every row gives score, parts, fault and reasons, in the order of the rows', async () => {
  const { code, stdout, stderr } = await score(
    ['--reward', 'tool-n1', '--format', 'ndjson'],
    lines(RIGHT, WRONG, LOOSE, FAULT),
  )
  const verdicts: Record<string, unknown>[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(code).toBe(0)
  expect(verdicts.map(({ score }) => score)).toEqual([1, 0, 1, 0])
  expect(verdicts.map(({ fault }) => fault)).toEqual([null, null, null, 'TypeError'])
  expect(verdicts[3]!['parts']).toBeNull()
  expect(Object.keys(verdicts[0]!)).toEqual(['id', 'score', 'parts', 'fault', 'reasons'])
  expect(verdicts.map(({ id }) => id)).toEqual(['right', 'wrong', 'loose', 'fault'])
  expect(stderr).toContain('4 rows, mean 0.5000, 1 with a fault (TypeError 1)')
})

test('rows that a reward cannot judge are counted, and where it can judge none the answer is no', async () => {
  expect((await score([], lines(FAULT, FAULT))).code).toBe(1)
  expect((await score([], lines(FAULT, RIGHT))).code).toBe(0)
  expect((await score(['--reward', 'bfcl-ast'], lines(RIGHT))).stderr).toContain('no row could be judged')
})

test('rows of rollouts and of other programs are scored as they are', async () => {
  const { completion, ground_truth: gts } = RIGHT
  const { stdout } = await score([], lines({ output: completion, gts: JSON.parse(gts) }, { response: completion, gts }))
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): number => JSON.parse(line).score),
  ).toEqual([1, 1])
})

test('strict mode judges as the paper says, and --compare reports where the two differ', async () => {
  expect((await score(['--mode', 'strict'], lines(LOOSE))).stdout).toContain('"score":0')
  const { stdout, stderr } = await score(['--compare'], lines(RIGHT, LOOSE, FAULT))
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): number => JSON.parse(line).strict.score),
  ).toEqual([1, 0, 0])
  expect(stderr).toContain('2 of 3 rows differ between compat and strict')
  expect(stderr).toContain('1 × 1 → 0')
  expect(stderr).toContain('loose')
})

test('--explain shows expected and got, argument by argument, and by which rule', async () => {
  const { stdout } = await score(['--explain', 'wrong'], lines(RIGHT, WRONG))
  expect(stdout).toContain('argument x: expected 1, got 1.0 (integer and float are different types)')
  expect(stdout).toContain('argument y: not expected, got "a"')
  expect((await score(['--explain', '1'], lines({ ...RIGHT, id: undefined }))).stdout).toContain('call 1: right')
  expect((await score(['--explain', 'none'], lines(RIGHT))).code).toBe(2)
})

test('--min-mean ends with 1 when the mean is below it', async () => {
  expect((await score(['--min-mean', '0.5'], lines(RIGHT, WRONG))).code).toBe(0)
  expect((await score(['--min-mean', '0.6'], lines(RIGHT, WRONG))).code).toBe(1)
})

test('--step is the step of rewards with a schedule, as @STEP is', async () => {
  const text = '<think> t </think>\n<tool_call>\n{"name":"f","parameters":{}}\n</tool_call>'
  const row = lines({ completion: text, ground_truth: text })
  const parts = async (words: string[]): Promise<unknown> => JSON.parse((await score(words, row)).stdout).parts
  expect(await parts(['--reward', 'toolrl:schedule', '--step', '75'])).toEqual({
    format: 1.5,
    correctness: 2.5,
    length: 0,
  })
  expect(await parts(['--reward', 'toolrl:schedule@75'])).toEqual({ format: 1.5, correctness: 2.5, length: 0 })
})

test('numbers of an answer given as calls keep their identity', async () => {
  const row = (text: string) =>
    `{"completion": ${JSON.stringify(reply('[{"name":"f","arguments":{"x":5.0}}]'))}, "answer": [{"name": "f", "arguments": {"x": ${text}}}]}\n`
  expect((await score([], row('5.0'))).stdout).toContain('"score":1')
  expect((await score([], row('5'))).stdout).toContain('"score":0')
})

test('parquet and several files are read like lines of JSON', async () => {
  const rows = [RIGHT, WRONG]
  const file = join(folder, 'rows.parquet')
  writeFileSync(
    file,
    Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: 'completion', data: rows.map(({ completion }) => completion) },
          { name: 'ground_truth', data: rows.map(({ ground_truth }) => ground_truth) },
        ],
      }),
    ),
  )
  writeFileSync(join(folder, 'rows.jsonl'), lines(LOOSE))
  const { stdout } = await runHere(['score', file, join(folder, 'rows.jsonl')])
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): number => JSON.parse(line).score),
  ).toEqual([1, 0, 1])
})

test('a large file is scored on several cores in the order of its rows, and a bad row is named by its line', () => {
  const rows = [RIGHT, WRONG, FAULT].map((row) => lines({ ...row, note: 'x'.repeat(20_000) }))
  const block = rows.join('').repeat(100)
  const file = join(folder, 'large.jsonl')
  writeFileSync(file, block.repeat(5))
  const count = 5 * 300
  const [one, two] = ['1', '2'].map((jobs) => run(start, ['score', file, '--jobs', jobs]))
  expect(one!.stdout.split('\n').length - 1).toBe(count)
  expect([two!.code, two!.stdout === one!.stdout, two!.stderr]).toEqual([0, true, one!.stderr])
  writeFileSync(file, block.repeat(5) + '{"completion"\n')
  const bad = run(start, ['score', file, '--jobs', '2'])
  expect([bad.code, bad.stdout.split('\n').length - 1]).toEqual([2, count])
  expect(bad.stderr).toContain(`${file}:${count + 1}:`)
})

test('what a row teaches word for word is scored, as a reply that was kept is', async () => {
  const { completion, ...row } = RIGHT
  const { stdout } = await score([], lines({ ...row, meta: { completion } }))
  expect(JSON.parse(stdout)).toMatchObject({ score: 1 })
})

test.each([
  ['malformed JSON', '{"completion": "a", "answer": []}\n{"completion": \n', '-:2:'],
  ['a row without completion', '{"answer": []}\n', '-:1: Cannot score a row: it has no "completion"'],
  [
    'a row of a text answer without completion',
    '{"ground_truth": "a"}\n',
    '-:1: Cannot score a row: it has no "completion"',
  ],
  ['a row without what is right', '{"completion": "a"}\n', '-:1: Cannot score a row'],
  ['an empty file', '', 'the file is empty'],
])('%s stops with exit 2 and the place', async (_, input, message) => {
  const { code, stderr } = await score([], input)
  expect([code, stderr.includes(message)]).toEqual([2, true])
})

test('a reward that does not exist is refused with the nearest name', async () => {
  expect((await score(['--reward', 'tool-n2'], lines(RIGHT))).stderr).toContain('did you mean tool-n1?')
})

test('for people a table of the first rows stands in the place of JSON', async () => {
  const { stdout } = await score(['--format', 'text'], lines(RIGHT, WRONG, FAULT))
  expect(stdout.split('\n').slice(0, 4)).toEqual([
    'row    score  why',
    'right  1',
    expect.stringMatching(/^wrong  0 +\S/),
    expect.stringMatching(/^fault  0 +TypeError/),
  ])
  const many = await score(['--format', 'text'], lines(...Array.from({ length: 30 }, () => RIGHT)))
  expect(many.stdout).toEndWith('… and 10 more rows; --format ndjson writes all\n')
})

test('--check is the test of a reward: rows say what they should score', async () => {
  const rows = [{ ...RIGHT, expected_score: 1 }, { ...WRONG, expected_score: 0.5 }, LOOSE]
  const missed = await score(['--check'], lines(...rows))
  expect(missed.code).toBe(1)
  expect(missed.stderr).toContain('-:2: scores 0, expected 0.5 (')
  expect(missed.stderr).toContain('1 of 2 rows score as expected')
  expect((await score(['--check'], lines(rows[0]!))).code).toBe(0)
  expect((await score(['--check'], lines(RIGHT))).stderr).toContain('no row has a number in the column expected_score')
})
