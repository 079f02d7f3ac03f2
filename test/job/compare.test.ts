// hone compare of runs: the last answers to held-out rows stand for a run.
import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHere } from '../here.ts'
import { scratch } from '../scratch.ts'
import { toLines } from '../cmd/tiny-model.ts'

const answer = (id: string, exact: boolean) => ({ id, set: 'test', exact, output: `${id} ${exact}` })

/** A run with answers at these steps. */
function runIn(folder: string, evals: Record<string, object[]>): string {
  mkdirSync(join(folder, 'evals'), { recursive: true })
  writeFileSync(join(folder, 'run.json'), '{}')
  for (const [step, rows] of Object.entries(evals))
    writeFileSync(join(folder, 'evals', `step-${step.padStart(9, '0')}.jsonl`), toLines(rows))
  return folder
}

test('runs are compared by their last answers, a changed row stands with both texts', async () => {
  const cwd = scratch()
  runIn(join(cwd, 'a'), { 0: [answer('1', true), answer('2', true)], 9: [answer('1', false), answer('2', true)] })
  runIn(join(cwd, 'b'), { 10: [answer('1', true), answer('2', true)] })
  const { stdout, code } = await runHere(['compare', 'a', 'b', '--format', 'ndjson'], { cwd })
  expect(code).toBe(0)
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([{ id: '1', category: 'test', before: 0, after: 1, texts: { before: '1 false', after: '1 true' } }])
})

test('a run without answers is refused with the command that makes some', async () => {
  const cwd = scratch()
  runIn(join(cwd, 'a'), {})
  const { stderr, code } = await runHere(['compare', 'a', 'a'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('hone eval --bench rows --data ROWS --model a --format ndjson > FILE')
})
