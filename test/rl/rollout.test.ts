// Rollouts: what is sampled does not depend on how prompts are batched, and the permuted control keeps the rewards.
import { expect, test } from 'bun:test'
import * as v from 'valibot'
import type { Stage } from '../../src/rl/play.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import type { Sampled } from '../../src/rl/record.ts'
import { rollout } from '../../src/rl/rollout.ts'
import { successorJudge, toyPolicy, toyPrompts } from './toy.ts'

const V = 6

async function rollouts(overrides: object = {}, position = 0, stage?: Stage) {
  const settings = {
    model: 'm',
    data: 'd',
    output: 'o',
    promptsPerStep: 8,
    groupSize: 4,
    maxCompletionLength: 5,
    ...overrides,
  }
  const recipe = v.parse(TrainRecipe, settings)
  const sampling = { temperature: 1, maxNewTokens: 5, eosIds: [0] }
  const context = {
    recipe,
    policy: toyPolicy(V),
    sampling,
    prompts: toyPrompts(12, V),
    judge: successorJudge(V),
    step: 3,
    stage,
  }
  return await rollout(context, position)
}

test('completions are the same however many prompts are held at once', async () => {
  const [whole, single] = [await rollouts(), await rollouts({ rolloutTokens: 1 })]
  expect(single).toEqual(whole)
})

test('another seed or step samples something else, the next position other prompts', async () => {
  const ids = (batch: Awaited<ReturnType<typeof rollouts>>) =>
    JSON.stringify(batch.rollouts.map(({ completions }) => completions.map(({ ids }) => ids)))
  expect(ids(await rollouts({ seed: 1 }))).not.toBe(ids(await rollouts()))
  const [first, second] = [await rollouts(), await rollouts({}, 8)]
  expect(second.rollouts[0]!.prompt.index).not.toBe(first.rollouts[0]!.prompt.index)
  expect([first.position, second.position]).toEqual([8, 16])
})

test('permuted rewards are the same rewards at other completions', async () => {
  const rewardsOf = (batch: Awaited<ReturnType<typeof rollouts>>) =>
    batch.rollouts.flatMap(({ completions }) => completions.map(({ reward }) => reward))
  const [honest, permuted] = [rewardsOf(await rollouts()), rewardsOf(await rollouts({ permuteRewards: true }))]
  expect(permuted).not.toEqual(honest)
  expect(permuted.toSorted()).toEqual(honest.toSorted())
})

test('sequences whose history was written anew are completions of their group, behind the others', async () => {
  const sampled = (ids: number[]): Sampled => ({
    ids,
    logprobs: new Float32Array(ids.length),
    trained: [{ from: 0, to: ids.length }],
    turns: [{ role: 'assistant', from: 0, to: ids.length }],
    stop: 'completed',
  })
  const stage: Stage = {
    tools: () => [],
    play: async (_, { item }) => ({
      prompt: item,
      completions: [{ ...sampled([1]), promptIds: [2, 3], rewritten: [sampled([4])] }, sampled([5])],
    }),
    close() {},
  }
  const { rollouts: groups } = await rollouts({ promptsPerStep: 1 }, 0, stage)
  expect(groups[0]!.completions.map(({ ids, promptIds }) => [ids, promptIds])).toEqual([
    [[1], [2, 3]],
    [[5], undefined],
    [[4], undefined],
  ])
})
