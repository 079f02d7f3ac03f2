// Supervised fine-tuning on the small policy: it imitates, and neither micro-batches nor a resume change the result.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import * as v from 'valibot'
import type { RunEvent } from '../../src/rundir/event.ts'
import { latestCheckpoint } from '../../src/job/train/checkpoint.ts'
import { SftRecipe } from '../../src/rl/recipe.ts'
import { pathsOf } from '../../src/rundir/paths.ts'
import { storeIn } from '../../src/job/train/store.ts'
import { sft, type SftContext } from '../../src/rl/sft.ts'
import { firstTokenReader, successorJudge, toyPolicy, toyPrompts } from './toy.ts'
import { scratch } from '../scratch.ts'

const V = 6

function setUp(overrides: Record<string, unknown> = {}, directory = scratch()) {
  const recipe = v.parse(SftRecipe, {
    model: 'toy',
    data: 'toy',
    output: directory,
    steps: 40,
    batchSize: 4,
    learningRate: 0.2,
    weightDecay: 0,
    maxCompletionLength: 3,
    seed: 5,
    ...overrides,
  })
  const toy = toyPolicy(V)
  const events: RunEvent[] = []
  const prompts = toyPrompts(V, V)
  const context: SftContext = {
    recipe,
    policy: toy,
    device: 'cpu',
    examples: prompts.map(({ row, ids }) => ({
      id: row.id,
      prompt: ids,
      completion: { ids: [(ids[0]! + 1) % V], trained: [{ from: 0, to: 1 }] },
    })),
    heldOut: [{ name: 'all', prompts }],
    evalJudge: successorJudge(V),
    evalReader: firstTokenReader,
    ending: { eosIds: [] },
    store: storeIn(pathsOf(directory), { keepCheckpoints: 1, run: 'run', made: {} }),
    emit: (event) => events.push(event),
    clock: () => 0,
    interrupted: () => false,
  }
  return { context, toy, events, directory }
}
const start = { step: 0, position: 0, tokens: 0 }

test('what is given to the model within a completion is read, and neither learnt nor counted', async () => {
  const { context, toy, events } = setUp()
  const [own, more] = [
    { from: 0, to: 1 },
    { from: 2, to: 3 },
  ]
  const completion = { ids: [1, 2, 3], trained: [own, more] }
  expect(await sft({ ...context, examples: [{ id: 'a', prompt: [0], completion }], heldOut: [] }, start)).toBe('done')
  const after = (token: number) => Array.from(toy.table.subarray(token * V, (token + 1) * V))
  expect(after(1)).toEqual(new Array(V).fill(0))
  for (const [token, next] of [
    [0, 1],
    [2, 3],
  ] as const)
    expect(after(token).indexOf(Math.max(...after(token)))).toBe(next)
  const first = events.find((event) => event.type === 'step')
  expect(first?.figures['loss']).toBeCloseTo(Math.log(V))
})

test('it learns to imitate, and the loss is the mean negative log-likelihood per token', async () => {
  const { context, events } = setUp()
  expect(await sft(context, start)).toBe('done')
  const figures = (name: string) => events.flatMap((event) => (event.type === 'step' ? [event.figures[name]!] : []))
  const losses = figures('loss')
  // At first all tokens are as likely, at last the right one is likeliest.
  expect([figures('mean_token_accuracy')[0], figures('mean_token_accuracy').at(-1)]).toEqual([0, 1])
  expect(losses[0]).toBeCloseTo(Math.log(V))
  expect(figures('answer_entropy')[0]).toBeCloseTo(Math.log(V))
  expect(figures('answer_entropy').at(-1)).toBeLessThan(0.5)
  expect(losses.at(-1)).toBeLessThan(0.2)
  const last = events.findLast((event) => event.type === 'eval')
  expect(last?.type === 'eval' && last.figures['exact_match']).toBe(1)
})

test('cutting into micro-batches changes nothing, and neither does a resume', async () => {
  const whole = setUp()
  await sft(whole.context, start)
  const cut = setUp({ microBatchTokens: 1 })
  await sft(cut.context, start)
  cut.toy.table.forEach((value, i) => expect(Math.abs(value - whole.toy.table[i]!)).toBeLessThan(1e-5))

  const first = setUp()
  let steps = 0
  const stopped = { ...first.context, interrupted: () => ++steps === 17 }
  expect(await sft(stopped, start)).toBe('interrupted')
  const resumed = setUp({}, first.directory)
  const { checkpoint } = latestCheckpoint(join(first.directory, 'checkpoints'), 'run')!
  resumed.toy.restore(checkpoint.policy)
  await sft(resumed.context, checkpoint)
  expect(resumed.toy.table).toEqual(whole.toy.table)
})
