// The step line, and which lines a terminal and a pipe get.
import { expect, test } from 'bun:test'
import type { RunEvent } from '../../src/rundir/event.ts'
import { progress } from '../../src/rundir/progress.ts'
import { duration } from '../../src/shell/duration.ts'

function play(terminal: boolean, events: RunEvent[]): string[] {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const sink = progress({ terminal, now: () => 0, log: keep, complain: keep, status: (line) => keep(`~ ${line}`) })
  events.forEach(sink)
  return lines
}
const figures = {
  reward: 0.4123,
  kl: 0.00312,
  'completions/mean_length': 143.2,
  frac_reward_zero_std: 0.18,
  tokens_per_second: 1829.7,
  grad_norm: 3,
}
const events: RunEvent[] = [
  { type: 'start', time: 0, step: 119, steps: 1000, trainable: 1, device: 'cpu' },
  { type: 'step', time: 10_000, step: 120, steps: 1000, figures },
]

test('a step is one line with its figures and the time left', () => {
  expect(play(false, events)).toEqual([
    'step 120/1000  eta 2h26m  reward 0.412  kl 0.0031  len 143  zero-var 18%  tok/s 1 830',
  ])
})

test('what an evaluation before the first step took is no part of the time left', () => {
  const [start, step] = events
  const first: RunEvent = { type: 'eval', time: 9_000, step: 119, figures: {} }
  const later: RunEvent = { type: 'eval', time: 12_000, step: 120, figures: {} }
  const next: RunEvent = { type: 'step', time: 14_000, step: 121, steps: 1000, figures }
  const lines = play(false, [start!, first, step!, later, next]).filter((line) => line.startsWith('step'))
  // A second a step; what is evaluated between steps counts.
  expect(lines.map((line) => /eta (\S+)/.exec(line)![1])).toEqual(['14m40s', '36m38s'])
})

test('a terminal gets the step as a status line, notes as lines that stay', () => {
  const lines = play(true, [
    ...events,
    { type: 'phase', phase: 'rollout', done: 3, total: 8 },
    { type: 'note', time: 0, step: 1, text: 'cap hit', loud: true },
  ])
  expect(lines[0]).toStartWith('~ step 120/1000')
  expect(lines[1]).toEndWith('rollout 3/8')
  expect(lines[2]).toBe('warning: cap hit')
})

test('an evaluation is one line of shares with their intervals', () => {
  const figures = { exact_match: 0.335, 'exact_match/low': 0.29, 'exact_match/high': 0.384, reward: 0.4 }
  expect(play(true, [{ type: 'eval', time: 0, step: 5, figures }])).toEqual([
    'eval at step 5  exact_match 33.5 [29.0, 38.4]',
  ])
})

test('durations show their two largest units', () => {
  expect([0.4, 59, 61, 3600, 7860, 100_000].map(duration)).toEqual(['0s', '59s', '1m01s', '1h00m', '2h11m', '1d03h'])
})
