// The advantage table against Tool-N1's trainer and what must hold of any group.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import golden from '../../fixtures/golden/losses.json'
import vectors from '../../fixtures/golden/loss-vectors.json'
import * as v from 'valibot'
import { advantages } from '../../src/rl/advantage.ts'
import { trainPresets } from '../../src/rl/presets.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import type { Frozen } from '../../src/rl/record.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { weigh } from '../../src/rl/weigh.ts'
import { toyPrompts } from './toy.ts'

const toolN1 = { advantageEpsilon: 1e-6, scaleRewards: 'group', gamma: 1, gaeLambda: 1, turnWeight: 1 } as const
/** Estimators that look at the rewards of completions alone, without a critic, another completion or turns. */
const { gae: _, remax: __, 'turn-discounted': ___, 'mt-grpo': ____, gigpo: _____, ...estimators } = advantages
type EstimatorName = keyof typeof estimators
const ones = (rewards: number[][]) => rewards.map((group) => group.map(() => 1))
const compute = (
  name: EstimatorName,
  rewards: number[][],
  options: Parameters<typeof advantages.grpo.compute>[1] = toolN1,
) => estimators[name].compute({ rewards, lengths: ones(rewards) }, options)
const near = (actual: readonly number[], wanted: readonly number[], within = 1e-6) =>
  actual.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(within))

golden.advantages.forEach(({ rewards, groups, grpo, rloo }) => {
  test(`rewards ${rewards.join(' ')} get the grpo and rloo advantages of Tool-N1's trainer`, () => {
    const ids = [...new Set(groups)]
    const grouped = ids.map((id) => rewards.filter((_, i) => groups[i] === id))
    const wanted = (values: number[]) => ids.flatMap((id) => values.filter((_, i) => groups[i] === id))
    near(compute('grpo', grouped).flat(), wanted(grpo))
    near(compute('rloo', grouped).flat(), wanted(rloo))
  })
})

vectors.grpo_adv.forEach(({ r, rloo, ...rest }) => {
  test(`the group ${r.join(' ')} has the reference values`, () => {
    near(compute('grpo', [r])[0]!, rest['grpo_unbiased_eps1e-6'], 2e-6)
    near(compute('rloo', [r])[0]!, rloo)
  })
})

test("binary groups have verl's and TRL's values", () => {
  const binary = (n: number, k: number) => [Array.from({ length: n }, (_, i) => (i < k ? 1 : 0))]
  const ends = (n: number, k: number, epsilon = 1e-6) => {
    const group = compute('grpo', binary(n, k), { ...toolN1, advantageEpsilon: epsilon })[0]!
    return [group[0]!, group.at(-1)!]
  }
  near(ends(5, 2), [1.095443, -0.730295])
  near(ends(5, 3), [0.730295, -1.095443])
  near(ends(5, 1, 1e-4), [1.788454, -0.447114])
  near(ends(5, 2, 1e-4), [1.095245, -0.730163])
  near(ends(8, 1), [2.474867, -0.353552])
  near(ends(8, 4), [0.935413, -0.935413])
  near(ends(4, 1), [1.499997, -0.499999])
  near(ends(4, 2), [0.866024, -0.866024])
})

const reward = fc.double({ min: -5, max: 5, noNaN: true })
const group = fc.array(reward, { minLength: 2, maxLength: 8 })

test('advantages of a group sum to zero and keep the order of the rewards', () => {
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('group', 'batch', 'none'),
      (rewards, scale) => {
        for (const name of ['grpo', 'rloo'] as const) {
          compute(name, rewards, { ...toolN1, scaleRewards: scale }).forEach((advantage, g) => {
            expect(Math.abs(advantage.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-8)
            rewards[g]!.forEach((a, i) =>
              rewards[g]!.forEach((b, j) => a > b && expect(advantage[i]!).toBeGreaterThanOrEqual(advantage[j]!)),
            )
          })
        }
      },
    ),
  )
})

test('identical rewards give exactly zero for every estimator, whatever the number', () => {
  fc.assert(
    fc.property(reward, fc.integer({ min: 2, max: 17 }), (value, n) => {
      for (const name of Object.keys(estimators) as EstimatorName[])
        for (const advantageEpsilon of [1e-6, 0])
          expect(
            compute(name, [new Array(n).fill(value)], { ...toolN1, advantageEpsilon })[0]!.every((a) => a === 0),
          ).toBe(true)
    }),
  )
})

test('whitening leaves mean 0 and variance 1 over tokens', () => {
  const batch = {
    rewards: [
      [1, 0],
      [0.5, 2],
    ],
    lengths: [
      [3, 1],
      [2, 5],
    ],
  }
  const flat = advantages['reinforce++']
    .compute(batch)
    .flatMap((g, i) => g.flatMap((a, j) => new Array<number>(batch.lengths[i]![j]!).fill(a)))
  const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length
  const variance = flat.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (flat.length - 1)
  near([mean, variance], [0, 1], 1e-6)
})

test('the optimal baseline weighs by length', () => {
  const [group] = advantages.opo.compute({ rewards: [[1, 0]], lengths: [[30, 10]] })
  near(group!, [0.25, -0.75])
})

test('every estimator is finite where the environment wrote all tokens, or all but one', () => {
  for (const { compute } of Object.values(estimators))
    for (const lengths of [
      [0, 0],
      [1, 0],
    ]) {
      const found = compute({ rewards: [[1, 0]], lengths: [lengths] }, toolN1).flat()
      expect(found.every(Number.isFinite)).toBe(true)
    }
})

test('reinforce++ charges a token with the divergence of the tokens from it on, whitened as verl whitens', () => {
  const recipe = v.parse(TrainRecipe, {
    model: 'm',
    data: 'd',
    output: 'o',
    ...trainPresets['reinforce++'],
    klCoefficient: 0.5,
  })
  const sampled = (differences: number[], reward: number): Frozen => ({
    ...ownWords({ ids: differences.map(() => 1), logprobs: new Float32Array(differences.length), finish: 'eos' }),
    text: '',
    verdict: { score: reward, parts: null, fault: null, reasons: [] },
    reward,
    old: differences.map((difference) => difference - 1),
    reference: differences.map(() => -1),
  })
  const [prompt] = toyPrompts(1, 4)
  const completions = [sampled([0.2, -0.4, 0.6], 1), sampled([1], 0)]
  const [weighted] = weigh([{ prompt: prompt!, completions, live: true }], recipe)
  // k1 is the difference itself: 1 − ½(0.2 − 0.4 + 0.6), 1 − ½(−0.4 + 0.6), 1 − ½·0.6, and 0 − ½·1.
  const returns = [0.8, 0.9, 0.7, -0.5]
  const middle = 1.9 / 4
  const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 3)
  const wanted = returns.map((value) => (value - middle) / deviation)
  near(
    weighted!.completions.flatMap(({ advantages: each }) => each!),
    wanted,
  )
  near([weighted!.completions[0]!.advantage], [(wanted[0]! + wanted[1]! + wanted[2]!) / 3])
})

test('GDPO normalises each part in its group and then their weighted sum over the batch, as TRL does', () => {
  const parts = [
    [
      { calls: 1, format: 0 },
      { calls: 0, format: 1 },
      { calls: 0, format: 0 },
    ],
    [
      { calls: 1, format: 1 },
      { calls: 1, format: 0 },
      { calls: 1, format: null },
    ],
  ]
  const batch = { rewards: parts.map((group) => group.map(() => 0)), lengths: [], parts, weights: { format: 0.5 } }
  const found = advantages.gdpo.compute(batch, { ...toolN1, advantageEpsilon: 1e-4 }).flat()
  // z of (1, 0, 0) and (0, 1, 0) in the first group; of (1, 0) in the second, where the third has no format.
  const [up, down] = [2 / 3 / (Math.sqrt(1 / 3) + 1e-4), -1 / 3 / (Math.sqrt(1 / 3) + 1e-4)]
  const half = 0.5 / (Math.sqrt(0.5) + 1e-4)
  const sums = [up + 0.5 * down, down + 0.5 * up, down + 0.5 * down, 0.5 * half, -0.5 * half, 0]
  const middle = sums.reduce((all, each) => all + each, 0) / 6
  const spread = Math.sqrt(sums.reduce((all, each) => all + (each - middle) ** 2, 0) / 5)
  near(
    found,
    sums.map((each) => (each - middle) / (spread + 1e-4)),
    1e-9,
  )
})

test('ReMax takes away what the likeliest completion of the prompt earns', () => {
  const batch = {
    rewards: [
      [1, 0],
      [1, 1],
    ],
    lengths: [],
    baselines: [1, 0.25],
  }
  expect(advantages.remax.compute(batch)).toEqual([
    [0, -1],
    [0.75, 0.75],
  ])
})
