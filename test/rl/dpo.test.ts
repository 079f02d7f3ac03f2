// Preferences: every objective against finite differences, and a step that does not depend on how it is cut.
import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { accumulate, dpo, type DpoContext, formulaOf } from '../../src/rl/dpo.ts'
import { pairLosses, type PairLossRow, type Text } from '../../src/rl/loss/pair.ts'
import { DpoRecipe } from '../../src/rl/recipe.ts'
import type { Pair, PairReference, Written } from '../../src/rl/record.ts'
import { storeIn } from '../../src/job/train/store.ts'
import { pathsOf } from '../../src/rundir/paths.ts'
import type { RunEvent } from '../../src/rundir/event.ts'
import { uniform } from '../../src/rng.ts'
import { scratch } from '../scratch.ts'
import { firstTokenReader, successorJudge, toyPolicy } from './toy.ts'

const V = 6
const rows: [string, PairLossRow][] = Object.entries(pairLosses)
const written = (ids: number[], trained = [{ from: 0, to: ids.length }]): Written => ({ ids, trained })
/** The successor of the prompt is preferred; texts differ in length, and the second id of every third one is a tool's. */
const pairs: Pair[] = Array.from({ length: 7 }, (_, index) => {
  const from = index % V
  const more = Array.from({ length: index % 3 }, (_, t) => (index + t) % V)
  const chosen = [(from + 1) % V, ...more]
  const spans =
    more.length === 2
      ? [
          { from: 0, to: 1 },
          { from: 2, to: 3 },
        ]
      : [{ from: 0, to: chosen.length }]
  return {
    index,
    id: `${index}`,
    prompt: [from],
    chosen: written(chosen, spans),
    rejected: written([(from + 2) % V, from]),
  }
})
const start = { step: 0, position: 0, tokens: 0 }

function setUp(overrides: Record<string, unknown> = {}) {
  const directory = scratch()
  const settings = { model: 'toy', data: 'toy', output: directory, steps: 30, batchSize: 4, learningRate: 0.1 }
  const recipe = v.parse(DpoRecipe, { ...settings, klCoefficient: 0.5, weightDecay: 0, ...overrides })
  const events: RunEvent[] = []
  const toy = toyPolicy(V, (from, to) => uniform(from, to))
  const context: DpoContext = {
    recipe,
    policy: toy,
    device: 'cpu',
    pairs,
    heldOutPairs: pairs.slice(0, 3),
    heldOut: [],
    evalJudge: successorJudge(V),
    evalReader: firstTokenReader,
    ending: { eosIds: [] },
    store: storeIn(pathsOf(directory), { keepCheckpoints: 1, run: 'run', made: {} }),
    emit: (event) => events.push(event),
    clock: () => 0,
    interrupted: () => false,
  }
  const evals = () => events.flatMap((each) => (each.type === 'eval' ? [each.figures] : []))
  return {
    toy,
    context,
    recipe,
    evals,
    steps: () => events.flatMap((each) => (each.type === 'step' ? [each.figures] : [])),
  }
}

describe.each(rows)('the objective %s', (name, row) => {
  const options = { klCoefficient: 0.3, labelSmoothing: 0.1 }
  test('has the slopes that finite differences say, near and far', () => {
    const chosen: Text = { logps: -7, reference: -9, tokens: 4 }
    for (const logps of [-30, -11, -9.1, -6, -2]) {
      const rejected: Text = { logps, reference: -8, tokens: 3 }
      const { byChosen, byRejected } = row.loss(chosen, rejected, options)
      const at = (up: number, down: number) =>
        row.loss({ ...chosen, logps: -7 + up }, { ...rejected, logps: logps + down }, options).loss
      const step = 1e-5
      expect(byChosen).toBeCloseTo((at(step, 0) - at(-step, 0)) / (2 * step), 4)
      expect(byRejected).toBeCloseTo((at(0, step) - at(0, -step)) / (2 * step), 4)
    }
  })

  test('comes to the same gradient and metrics however a step is cut into micro-batches', async () => {
    const reference: PairReference[] = pairs.map((_, i) => ({ chosen: -2 - i / 3, rejected: -3 + i / 4 }))
    const run = async (microBatchTokens: number) => {
      const { toy, recipe } = setUp({ loss: name, labelSmoothing: 0.1, rpoAlpha: 0.2, microBatchTokens })
      const metrics = await accumulate(pairs, { recipe, policy: toy, reference })
      return { metrics, gradient: [...toy.gradient] }
    }
    const [whole, cut] = [await run(2048), await run(1)]
    for (const key of Object.keys(whole.metrics)) expect(cut.metrics[key]).toBeCloseTo(whole.metrics[key]!, 10)
    expect(Math.max(...whole.gradient.map(Math.abs))).toBeGreaterThan(1e-3)
    whole.gradient.forEach((slope, i) => expect(cut.gradient[i]!).toBeCloseTo(slope, 7))
  })

  test('teaches the order of the pairs, from the reference on', async () => {
    const { context, steps, evals } = setUp({ loss: name })
    expect(await dpo(context, start)).toBe('done')
    expect(steps()[0]).toMatchObject({ 'rewards/accuracies': 0 })
    expect(steps()[0]!['rewards/margins']).toBeCloseTo(0, 6)
    expect(steps().at(-1)).toMatchObject({ 'rewards/accuracies': 1 })
    expect(steps().at(-1)!['loss']).toBeLessThan(steps()[0]!['loss']!)
    expect(evals()[0]).toMatchObject({ 'rewards/accuracies': 0 })
    expect(evals().at(-1)).toMatchObject({ 'rewards/accuracies': 1, 'rewards/accuracies/high': 1 })
  })
})

test('tokens that a tool gave carry no loss', async () => {
  const { toy, recipe } = setUp()
  const chosen = written(
    [1, 5, 2],
    [
      { from: 0, to: 1 },
      { from: 2, to: 3 },
    ],
  )
  const pair: Pair = { index: 0, id: '0', prompt: [0], chosen, rejected: written([2]) }
  await accumulate([pair], { recipe, policy: toy, reference: [{ chosen: -3, rejected: -2 }] })
  const from = (id: number) => [...toy.gradient.subarray(id * V, (id + 1) * V)].some((slope) => slope !== 0)
  expect([from(0), from(1), from(5)]).toEqual([true, false, true])
})

test('a run that goes on needs the log-probs of its reference, and takes those of no other pairs', async () => {
  const { context } = setUp()
  await dpo(context, start)
  const all = [...pairs, ...pairs.slice(0, 3)]
  expect(context.store.reference(all, true)).toHaveLength(all.length)
  const fewer = { ...context, pairs: pairs.slice(1).map((pair, index) => ({ ...pair, index })) }
  expect(dpo(fewer, { ...start, step: 3 })).rejects.toThrow('its pairs are others than those')
  expect(dpo({ ...setUp().context }, { ...start, step: 3 })).rejects.toThrow('reference log-probs cannot be read')
})

test('the formula says the objective, its settings and the reference', () => {
  expect(formulaOf(setUp({ loss: 'ipo', klCoefficient: 0.1, rpoAlpha: 1 }).recipe)[0]).toBe(
    'loss = mean over the pairs of the optimizer step [ (Δ per token − 5)² ] + 1·mean over the chosen tokens of the step [ −log π ]',
  )
})
