// What is kept of a model's own replies: the first, all, the best, or a pair that dpo and rm read.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '../here.ts'
import { writeSayingModel } from '../saying-model.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

setDefaultTimeout(120_000)
const place = mkdtempSync(join(tmpdir(), 'hone-keep-'))
const hone = (...words: string[]) => runHere(words, { cwd: place })
const rows = taskRows(3)
const distill = (keep: string, ...more: string[]) => {
  const sampling = ['--max-new-tokens', '8', '--temperature', '1', '--attempts', '4', '--device', 'cpu']
  const judging = ['--reward', './mine.ts', '--cache', 'answers.jsonl', '--keep', keep, ...more]
  return hone(
    'distill',
    'rows.jsonl',
    '--model',
    'model',
    '--prompt',
    'native',
    ...sampling,
    ...judging,
    '-o',
    `${keep}.jsonl`,
  )
}
const linesOf = (name: string) =>
  readFileSync(join(place, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

beforeAll(() => {
  writeTinyModel(join(place, 'model'))
  writeFileSync(join(place, 'rows.jsonl'), toLines(rows))
  writeFileSync(
    join(place, 'mine.ts'),
    'export default ({ completion }: { completion: string }) => completion.length\n',
  )
})
afterAll(() => rmSync(place, { recursive: true }))

test('all accepted replies, of them the first, and the best are rows to imitate', async () => {
  for (const keep of ['first', 'all', 'best'])
    expect(await distill(keep, '--min-score', '1')).toMatchObject({ code: 0 })
  const [first, all, best] = ['first', 'all', 'best'].map((keep) => linesOf(`${keep}.jsonl`))
  const ofRow = (lines: { id: string; meta: { completion: string } }[], id: string) =>
    lines.filter((line) => line.id.split('#')[0] === id).map(({ meta }) => meta.completion)
  for (const { id } of rows) {
    const replies = ofRow(all!, id)
    expect(replies.length).toBeGreaterThan(1)
    expect(new Set(replies).size).toBe(replies.length)
    expect(ofRow(first!, id)).toEqual([replies[0]!])
    const longest = Math.max(...replies.map((text) => text.length))
    expect(ofRow(best!, id)[0]!.length).toBe(longest)
  }
  expect(new Set(all!.map(({ id }) => id)).size).toBe(all!.length)
})

test("a reply of one's own model is kept with the blanks that it begins and ends with", async () => {
  writeSayingModel(join(place, 'said'), [' one', ' two '])
  const flags = ['--prompt', 'native', '--reward', './mine.ts', '--keep', 'best', '--attempts', '1', '--device', 'cpu']
  expect(await hone('distill', 'rows.jsonl', '--model', 'said', ...flags, '-o', 'said.jsonl')).toMatchObject({
    code: 0,
  })
  expect(new Set(linesOf('said.jsonl').map(({ meta }) => meta.completion))).toEqual(new Set([' one two ']))
})

test('the best is preferred to the worst, as dpo reads it', async () => {
  expect(await distill('pairs')).toMatchObject({ code: 0 })
  const pairs = linesOf('pairs.jsonl')
  expect(pairs.length).toBeGreaterThan(0)
  for (const { chosen, rejected, meta } of pairs) {
    expect(meta).toMatchObject({ chosen_score: chosen.length, rejected_score: rejected.length })
    expect(chosen.length).toBeGreaterThan(rejected.length)
  }
  const words = ['dpo', '--model', 'model', '--data', 'pairs.jsonl', '--prompt', 'native', '--device', 'cpu']
  expect(await hone(...words, '--steps', '1', '--batch-size', '2', '--output', 'run')).toMatchObject({ code: 0 })
})

test('one teacher is asked, and a reward model needs to be told what it accepts', async () => {
  expect(await hone('distill', 'rows.jsonl', '-o', 'out.jsonl')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Give either --model DIR or --endpoint URL'),
  })
  expect(
    await hone('distill', 'rows.jsonl', '--model', 'model', '--reward', 'model:model', '-o', 'out.jsonl'),
  ).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Give --min-score'),
  })
})
