// Paired comparison of two evaluations.
import { expect, test } from 'bun:test'
import { changes, compare, pair, readOutcomes, type Outcome } from '../../src/eval/compare.ts'
import { HoneError } from '../../src/error.ts'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const outcome = (id: string, category: string, score: number): Outcome => ({
  key: `${id} ${category}`,
  id,
  category,
  score,
})

test('rows are paired by name, whatever their order, and the rest is counted', () => {
  const before = [outcome('1', 'a', 0), outcome('2', 'a', 1), outcome('3', 'b', 1)]
  const after = [outcome('3', 'b', 1), outcome('1', 'a', 1), outcome('4', 'b', 0)]
  const { pairs, unpaired } = pair(before, after)
  expect(pairs.map(([a, b]) => [a.id, a.score, b.score])).toEqual([
    ['1', 0, 1],
    ['3', 1, 1],
  ])
  expect(unpaired).toBe(2)
  expect(changes(pairs)).toEqual([{ id: '1', category: 'a', before: 0, after: 1 }])
  expect(() => pair(before, [outcome('9', 'a', 1)])).toThrow(HoneError)
})

test('difference, counts and sign test per category and over all', () => {
  const before = Array.from({ length: 20 }, (_, i) => outcome(String(i), i < 10 ? 'a' : 'b', 0))
  const after = before.map((each, i) => ({ ...each, score: i < 8 ? 1 : 0 }))
  const [a, b, all] = compare(pair(before, after).pairs)
  expect(a).toMatchObject({ category: 'a', rows: 10, before: 0, after: 0.8, better: 8, worse: 0 })
  expect(a?.chance).toBeCloseTo(2 / 256, 12)
  expect(b).toMatchObject({ better: 0, worse: 0, chance: 1 })
  expect(b?.difference).toEqual({ estimate: 0, low: 0, high: 0 })
  expect(all).toMatchObject({ category: 'all rows', rows: 20, after: 0.4 })
  expect(all?.difference.low).toBeGreaterThan(0.1)
})

test('rows of a run’s evaluation count as right where they are exact, whatever the reward gave them', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'hone-compare-')), 'answers.jsonl')
  writeFileSync(
    path,
    '{"id": "a", "set": "s", "score": 0, "exact": true}\n{"id": "b", "set": "s", "score": 1, "exact": false}\n',
  )
  expect((await readOutcomes(path)).map(({ id, score }) => [id, score])).toEqual([
    ['a', 1],
    ['b', 0],
  ])
})

test('rows of verdicts and of scores are read, anything else is refused at its line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hone-compare-'))
  const path = join(folder, 'rows.jsonl')
  writeFileSync(path, '{"verdict": true}\n{"id": "x", "category": "c", "score": 0}\n')
  expect(await readOutcomes(path)).toEqual([
    { key: 'line 1', id: 'line 1', category: '', score: 1 },
    { key: 'x c  ', id: 'x', category: 'c', score: 0 },
  ])
  writeFileSync(path, '{"verdict": true}\n{"id": "x"}\n')
  await expect(readOutcomes(path)).rejects.toThrow(/no verdict/)
})
