// Alarms: what sets each off and what does not, the checkpoint to go back to, and the row that brings a number that is none.
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { alarms, openAlarms } from '../../src/rl/alarms.ts'
import { loop } from '../../src/rl/loop.ts'
import { SftRecipe } from '../../src/rl/recipe.ts'
import { sft, type SftContext } from '../../src/rl/sft.ts'
import type { Group } from '../../src/gpu/policy/policy.ts'
import { storeIn } from '../../src/job/train/store.ts'
import type { RunEvent } from '../../src/rundir/event.ts'
import { pathsOf } from '../../src/rundir/paths.ts'
import { alarmLine } from '../../src/rundir/progress.ts'
import { scratch } from '../scratch.ts'
import { firstTokenReader, successorJudge, toyPolicy, toyPrompts } from './toy.ts'

/** By alarm, the figure of each step of a run that goes well and of one that does not. */
const courses: Record<string, { well: number[]; ill: number[] }> = {
  divergence: { well: [0, 0.1, 0.2, 1.5, 0.2, 0.3], ill: [0, 0.2, 0.8, 1.3, 1.9, 2.5] },
  collapse: { well: [0.6, 0.5, 0.4, 0.02, 0.3, 0.1], ill: [0.6, 0.5, 0.2, 0.02, 0.01, 0.01, 0.01] },
  format: { well: [0, 0, 0.1, 0.4, 0.8, 0.6, 0.7], ill: [0.1, 0.7, 0.8, 0.9, 0.3, 0.1, 0.1] },
  truncation: { well: [0.9, 0.8, 0.9, 0.7, 1, 0.9], ill: [0, 0.1, 0, 0.4, 0.8, 0.9, 0.9] },
}

test.each(alarms)(
  '$name rings once in a run that goes ill, and not in one that goes well',
  ({ name, figure, hint }) => {
    const rung = (values: readonly number[]) => {
      const watched = openAlarms()
      return values.flatMap((value) => watched.after({ [figure]: value, other: 1 }))
    }
    expect(rung(courses[name]!.well)).toEqual([])
    expect(rung(courses[name]!.ill)).toEqual([{ name, text: expect.any(String), hint }])
  },
)

test('an alarm that has passed may ring again, and a run that goes on knows what its first steps were', () => {
  const watched = openAlarms()
  const rung = [0, 5, 5, 0, 0, 0, 5, 5].map((kl) => watched.after({ kl }).length)
  expect(rung.reduce((sum, count) => sum + count)).toBe(2)
  expect(watched.quiet()).toBe(false)
  const steps = [0.5, 0.5, 0.5, 0.02, 0.02].map((entropy) => ({ entropy }))
  const resumed = openAlarms(steps)
  expect(resumed.quiet()).toBe(true)
  expect(resumed.after({ entropy: 0.02 }).map(({ name }) => name)).toEqual(['collapse'])
  expect(openAlarms().after({ entropy: 0.02 })).toEqual([])
})

const V = 6
function setUp(overrides: Record<string, unknown> = {}) {
  const directory = scratch()
  const settings = { model: 'toy', data: 'toy', output: directory, steps: 4, batchSize: 4, saveEvery: 1, evalEvery: 0 }
  const recipe = v.parse(SftRecipe, { ...settings, learningRate: 0.01, seed: 5, ...overrides })
  const toy = toyPolicy(V)
  const events: RunEvent[] = []
  const context: SftContext = {
    recipe,
    policy: toy,
    device: 'cpu',
    examples: toyPrompts(V, V).map(({ row, ids }) => ({
      id: row.id,
      prompt: ids,
      completion: { ids: [(ids[0]! + 1) % V], trained: [{ from: 0, to: 1 }] },
    })),
    heldOut: [],
    evalJudge: successorJudge(V),
    evalReader: firstTokenReader,
    ending: { eosIds: [] },
    store: storeIn(pathsOf(directory), { keepCheckpoints: 1, run: 'run', made: {} }),
    emit: (event) => events.push(event),
    clock: () => 0,
    interrupted: () => false,
  }
  const rung = () => events.flatMap((event) => (event.type === 'alarm' ? [event] : []))
  return { context, toy, rung, checkpoints: join(directory, 'checkpoints') }
}
const start = { step: 0, position: 0, tokens: 0 }

test('a gradient that is no number stops the run, names the tensor, the row that brings it and the last good checkpoint', async () => {
  const { context, toy, rung } = setUp({ batchSize: 3 })
  const bad = context.examples[2]!
  const accumulate = (
    groups: readonly Group[],
    ...rest: [Parameters<typeof toy.accumulate>[1], Parameters<typeof toy.accumulate>[2]]
  ) => {
    toy.accumulate(groups, ...rest)
    if (groups.some(({ prompt }) => prompt === bad.prompt)) toy.gradient[0] = NaN
  }
  const before = toy.table.slice()
  await expect(sft({ ...context, policy: { ...toy, accumulate } }, start)).rejects.toThrow(
    expect.objectContaining({
      exit: 1,
      message: expect.stringMatching(
        new RegExp(
          `^Cannot go on after step \\d: in step \\d the gradient of table is not finite: row ${bad.id} brings it$`,
        ),
      ),
    }),
  )
  const [alarm, ...more] = rung()
  expect(more).toEqual([])
  expect(alarm).toMatchObject({ name: 'stop', stops: true, text: expect.stringContaining(`row ${bad.id} brings it`) })
  // What came before the step is as it was.
  if (alarm!.step === 1) expect(toy.table).toEqual(before)
  expect(alarm!.checkpoint === undefined).toBe(alarm!.step === 1)
})

test('the checkpoint before an alarm is named, and kept while newer ones come and go, until it has passed', async () => {
  const { context, rung, checkpoints } = setUp()
  const run = (kls: readonly number[], from = start) => {
    const step = async (at: number, position: number) => ({ position, tokens: 1, figures: { kl: kls[at]! } })
    return loop(context, from, kls.length, step, async () => {})
  }
  const left = () => readdirSync(checkpoints).map((name) => Number(name.split('-')[1]))
  await run([0, 0.1, 5, 5, 5, 5])
  const good = join(checkpoints, 'step-000000002')
  expect(rung()).toEqual([expect.objectContaining({ name: 'divergence', step: 3, checkpoint: good })])
  expect(left()).toEqual([2, 6])
  await run([0, 0, 0, 0, 0, 0, 0.1, 0.1], { ...start, step: 6 })
  expect(left()).toEqual([8])
})

test('the line of an alarm says where, what, what to try and where to go back to', () => {
  const alarm = { type: 'alarm', time: 0, step: 7, name: 'collapse', text: 'it collapsed', hint: 'raise it' } as const
  expect(alarmLine({ ...alarm, checkpoint: 'run/checkpoints/step-5' })).toBe(
    'step 7: it collapsed; to try: raise it; last good checkpoint: run/checkpoints/step-5',
  )
  expect(alarmLine(alarm)).toEndWith('; no checkpoint is older')
})
