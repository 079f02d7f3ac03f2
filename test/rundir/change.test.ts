// What became of the shares that a run was evaluated for, whichever event gave them.
import { expect, test } from 'bun:test'
import { changesOf } from '../../src/rundir/change.ts'
import { summary } from '../../src/rundir/end.ts'
import type { RunEvent } from '../../src/rundir/event.ts'
import { pathsOf } from '../../src/rundir/paths.ts'

const share = (name: string, value: number) => ({ [name]: value, [`${name}/low`]: value / 2, [`${name}/high`]: 1 })
const evaluation = (step: number, figures: Record<string, number>) =>
  ({ type: 'eval', time: 0, step, figures: { loss: 0.5, ...figures } }) as const
/** Rows and pairs are told apart: two events a step. */
const evals = [
  evaluation(0, share('exact_match', 0.25)),
  evaluation(0, share('rewards/accuracies', 0.5)),
  evaluation(4, share('exact_match', 0.75)),
  evaluation(4, share('rewards/accuracies', 1)),
]

test('the first and the last value of a share are those of the events that give it', () => {
  expect(changesOf(evals).map(({ name, before, after }) => [name, before.step, before.value, after.value])).toEqual([
    ['exact_match', 0, 0.25, 0.75],
    ['rewards/accuracies', 0, 0.5, 1],
  ])
})

test('the end of a run tells what became of every share, and nothing of one that was given once', () => {
  const { sink, lines } = summary()
  const events: RunEvent[] = [
    { type: 'step', time: 0, step: 4, steps: 4, figures: { step_time: 1 } },
    ...evals,
    evaluation(4, share('reward', 0.5)),
  ]
  events.forEach(sink)
  expect(lines(pathsOf('no-such-run')).slice(2)).toEqual([
    'exact match 25.0 after step 0, 75.0 after step 4',
    'rewards/accuracies 50.0 after step 0, 100.0 after step 4',
  ])
})
