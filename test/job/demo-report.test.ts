// The end of the demonstration: what it says is what the run directory holds.
import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HoneRow } from '../../src/dialogue/row.ts'
import { demoReport, demoSummary, readDemo } from '../../src/job/demo/report.ts'

const run = mkdtempSync(join(tmpdir(), 'hone-demo-'))
afterAll(() => rmSync(run, { recursive: true }))

const lines = (values: object[]) => values.map((value) => JSON.stringify(value) + '\n').join('')
const evaluation = (step: number, seen: number, unseen: number) => ({
  type: 'eval',
  time: 0,
  step,
  figures: Object.fromEntries(
    Object.entries({ '': (seen + unseen) / 2, '/seen': seen, '/unseen': unseen }).flatMap(([set, share]) => [
      [`exact_match${set}`, share],
      [`exact_match${set}/low`, share - 0.1],
      [`exact_match${set}/high`, share + 0.1],
    ]),
  ),
})
// The reward may say otherwise: what counts is what exact match counts.
const answers = (exact: number[]) =>
  lines(
    exact.map((right, i) => ({
      set: i % 2 === 0 ? 'seen' : 'unseen',
      id: `row-${i}`,
      output: `<think>a</think>\n<tool_call>[${i}]</tool_call>`,
      exact: right === 1,
      score: 1 - right,
    })),
  )

mkdirSync(join(run, 'evals'))
writeFileSync(
  join(run, 'events.ndjson'),
  lines([
    { type: 'start', time: 0, step: 0, steps: 2 },
    evaluation(0, 0.25, 0.5),
    { type: 'step', time: 0, step: 1, figures: { reward: 0.25 } },
    { type: 'step', time: 0, step: 2, figures: { reward: 0.75 } },
    evaluation(2, 1, 0.5),
    { type: 'end', time: 0, step: 2 },
  ]),
)
writeFileSync(join(run, 'evals', 'step-000000000.jsonl'), answers([0, 1, 1, 0, 0, 1, 0, 0]))
writeFileSync(join(run, 'evals', 'step-000000002.jsonl'), answers([1, 0, 1, 1, 1, 1, 1, 0]))

test('exact match before and after stands beside its interval, for each set and their mean', () => {
  const report = demoReport(readDemo(run), new Map()).join('\n')
  expect(report).toMatch(/mean of both\s+37\.5 % \(27\.5 to 47\.5\)\s+75\.0 % \(65\.0 to 85\.0\)/)
  expect(report).toMatch(/^seen\s+25\.0 %.*100\.0 %/m)
  expect(report).toMatch(/^unseen\s+50\.0 %.*50\.0 %/m)
})

test('rows are compared with themselves: four better and one worse of eight gain 37.5 points', () => {
  const found = readDemo(run)
  expect(demoSummary(found)).toMatchObject({ up: 4, down: 1, gain: { estimate: 0.375 } })
  expect(demoReport(found, new Map()).join('\n')).toMatch(/gain \+37\.5 points .* 4 rows better, 1 worse/)
})

test('the curve runs from the first step to the last, answers stand under their questions, wrong ones above what was expected', () => {
  const row = (content: string): HoneRow => ({
    id: '',
    source: '',
    messages: [{ role: 'user', content }],
    tools: [],
    answer: [{ name: 'open', arguments: { size: 3 } }],
    meta: {},
  })
  const rows = new Map([
    ['row-0', row('open the file.')],
    ['row-7', row('open it.')],
  ])
  const report = demoReport(readDemo(run), rows).join('\n')
  expect(report).toContain('✗ open it.\n  <think>a</think> <tool_call>[7]</tool_call>\n  expected open({"size": 3})')
  expect(report).toContain('reward by step  ▁█  0.25 to 0.75')
  expect(report).toContain('✓ open the file.\n  <think>a</think> <tool_call>[0]</tool_call>')
  expect(report).toContain('✗ row-1\n')
  expect(report.match(/[✓✗]/g)).toHaveLength(8)
})
