// Held-out figures: shares per set, their mean over sets, and intervals that hold it.
import { expect, test } from 'bun:test'
import { answer, metricsOf } from '../../src/rl/heldout.ts'
import type { Judge } from '../../src/rl/record.ts'
import { firstTokenReader, successorJudge, toyPolicy, toyPrompts } from './toy.ts'

const V = 6
// Always the first token of the vocabulary, which is right after the last one: one prompt in six.
const policy = toyPolicy(V, (_, to) => Number(to === 0))
const context = {
  policy,
  sampling: { temperature: 1, maxNewTokens: 2, eosIds: [] },
  judge: successorJudge(V),
  reader: firstTokenReader,
  step: 0,
}

test('answers are greedy, in order, and shares are exact', async () => {
  const sets = [{ name: 'a', prompts: toyPrompts(6, V) }]
  const answers = await answer(sets, context)
  expect(answers.map(({ prompt }) => prompt.index)).toEqual([0, 1, 2, 3, 4, 5])
  expect(answers.every(({ ids }) => ids.join() === '0,0')).toBe(true)
  const figures = metricsOf(answers, sets)
  expect(figures['exact_match']).toBeCloseTo(1 / 6)
  expect(figures['exact_match/low']).toBeLessThan(1 / 6)
  expect(figures['exact_match/high']).toBeGreaterThan(1 / 6)
})

test('the mean over sets weighs sets equally, whatever their sizes', async () => {
  const [right, wrong] = [toyPrompts(6, V).slice(5), toyPrompts(6, V).slice(0, 3)]
  const sets = [
    { name: 'right', prompts: right },
    { name: 'wrong', prompts: wrong },
  ]
  const figures = metricsOf(await answer(sets, context), sets)
  expect(figures).toMatchObject({ exact_match: 0.5, 'exact_match/right': 1, 'exact_match/wrong': 0 })
  expect(figures['exact_match/low']).toBeLessThanOrEqual(0.5)
})

test('where the reward reads no calls, a reward of 1 or more is right', async () => {
  const sets = [{ name: 'a', prompts: toyPrompts(4, V) }]
  const judge: Judge = (rollouts) =>
    Promise.resolve(
      rollouts.map(({ prompt }) => [
        { text: '', verdict: { score: 0.6 * prompt.index, parts: {}, fault: null, reasons: [] } },
      ]),
    )
  const answers = await answer(sets, { ...context, reader: undefined, judge })
  expect(answers.map(({ exact }) => exact)).toEqual([false, false, true, true])
})
