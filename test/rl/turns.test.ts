// Advantages of turns, against a second computation of their formulas in numpy, and how they reach the tokens.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { advantages } from '../../src/rl/advantage.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import type { Frozen, Turn } from '../../src/rl/record.ts'
import { weigh } from '../../src/rl/weigh.ts'
import { toyPrompts } from './toy.ts'

/** Three, two, three turns and one, and what was read before each. */
const group = {
  rewards: [[[1, 0, 2], [0.5, 1], [0, 0, 0], [2]]],
  states: [[['p', 'x', 'y'], ['p', 'x'], ['p', 'z', 'y'], ['p']]],
}
const options = { gamma: 0.5, turnWeight: 0.5, advantageEpsilon: 1e-6, scaleRewards: 'group', gaeLambda: 1 } as const
/** numpy, float64, standard deviations with n − 1. */
const reference = {
  'turn-discounted': [
    [0.687613313, 0.068761331, 1.306465295],
    [0.068761331, 0.068761331],
    [-1.168942632, -1.168942632, -1.168942632],
    [1.306465295],
  ],
  'mt-grpo': [
    [1.283347634, 0.783348634, 0.783348634],
    [-0.261116211, -0.261116211],
    [-1.805580056, -1.305581056, -1.305581056],
    [0.783348634],
  ],
  gigpo: [
    [1.319576379, 1.09999912, 1.453552261],
    [-0.17319234, -0.09999992],
    [-1.958730738, -1.29999896, -1.653552101],
    [0.812346698],
  ],
} as const
type Name = keyof typeof reference
const names = Object.keys(reference) as Name[]

test.each(names)('%s has the values of its formula', (name) => {
  const [found] = advantages[name].computeTurns(group, options)
  reference[name].forEach((turns, i) =>
    turns.forEach((value, k) => expect(Math.abs(found![i]![k]! - value)).toBeLessThan(1e-8)),
  )
})

test.each(names)('%s is exactly nothing where all turns earned the same, and finite always', (name) => {
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: 5, noNaN: true }),
      fc.array(fc.nat(3), { minLength: 1 }),
      (reward, lengths) => {
        const rewards = [lengths.map((length) => new Array<number>(length).fill(reward))]
        const states = [lengths.map((length) => Array.from({ length }, (_, k) => String(k)))]
        const found = advantages[name].computeTurns({ rewards, states }, { ...options, gamma: 0 }).flat(2)
        expect(found.every(Number.isFinite)).toBe(true)
        // Episodes of other lengths add up to other sums.
        if (new Set(lengths).size === 1) expect(found.every((value) => value === 0)).toBe(true)
      },
    ),
  )
})

test('an outcome alone reaches every turn through the discount', () => {
  const outcome = {
    rewards: [
      [
        [0, 0, 1],
        [0, 0, 0],
      ],
    ],
    states: group.states,
  }
  const [[right, wrong]] = advantages['turn-discounted'].computeTurns(outcome, options) as [[number[], number[]]]
  expect(right[0]!).toBeLessThan(right[1]!)
  expect(right[1]!).toBeLessThan(right[2]!)
  expect(wrong[0]).toBe(wrong[2])
})

/** Turns of two tokens with a given one between them; the environment gave the rewards. */
function episode(rewards: (number | undefined)[], reward: number, old = 0): Frozen {
  const turns = rewards.flatMap((each, k): Turn[] => [
    ...(k > 0 ? [{ role: 'tool' as const, from: 3 * k - 1, to: 3 * k }] : []),
    { role: 'assistant', from: 3 * k, to: 3 * k + 2, ...(each !== undefined && { reward: each }) },
  ])
  const ids = Array.from({ length: turns.at(-1)!.to }, (_, t) => t)
  return {
    ids,
    logprobs: new Float32Array(ids.length),
    trained: turns.filter(({ role }) => role === 'assistant').map(({ from, to }) => ({ from, to })),
    turns,
    stop: 'completed',
    text: '',
    verdict: { score: reward, parts: null, fault: null, reasons: [] },
    reward,
    old: ids.map(() => old),
    reference: ids.map(() => 0),
  }
}

const recipe = (more: object) => v.parse(TrainRecipe, { model: 'm', data: 'd', output: 'o', klCoefficient: 0, ...more })
const weighed = (completions: Frozen[], more: object) =>
  weigh([{ prompt: toyPrompts(1, 4)[0]!, completions, live: true }], recipe(more))[0]!.completions

test('every own token of a turn has the advantage of the turn', () => {
  // 2 − 0 beyond what the environment gave is told by the reward, and is the last turn's.
  const found = weighed(
    [episode([1, undefined, 0], 3), episode([0.5, 1], 1.5), episode([0, 0, 0], 0), episode([2], 2)],
    {
      advantage: 'turn-discounted',
      gamma: 0.5,
    },
  )
  const wanted = reference['turn-discounted'].map((turns) => turns.flatMap((value): number[] => [value, value]))
  found.forEach(({ advantages: each, advantage }, i) => {
    each!.forEach((value, t) => expect(Math.abs(value - wanted[i]![t]!)).toBeLessThan(1e-8))
    expect(Math.abs(advantage - wanted[i]!.reduce((a, b) => a + b) / wanted[i]!.length)).toBeLessThan(1e-8)
  })
})

test('a control is given what another completion earned, and none of the rewards of turns', () => {
  const control = { advantage: 'turn-discounted', gamma: 1, permuteRewards: true }
  const [first, second] = weighed([episode([5, 0], 0), episode([0, 0], 1)], control)
  expect(new Set(first!.advantages).size).toBe(1)
  expect(first!.advantage).toBeLessThan(second!.advantage)
})

test('what the KL costs is charged to the turn whose tokens it is of', () => {
  const charged = {
    advantage: 'turn-discounted',
    gamma: 0,
    klIn: 'reward',
    klEstimator: 'k1',
    klClamp: null,
    klCoefficient: 0.5,
  }
  // Two tokens a turn, each 0.5·0.25 dearer: 1 − 0.25, 0 − 0.25 and 0, 0.
  const found = weighed([episode([1, 0], 1, 0.25), episode([0, 0], 0)], charged)
  const values = [0.75, -0.25, 0, 0]
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - 0.125) ** 2, 0) / 3)
  const wanted = values.map((value) => (value - 0.125) / (deviation + 1e-6))
  const turns = found.flatMap(({ advantages: each }) => each!.filter((_, t) => t % 2 === 0))
  turns.forEach((value, k) => expect(Math.abs(value - wanted[k]!)).toBeLessThan(1e-8))
})

test('in the hard form what completions share before they part learns from the mean of theirs, what is their own from its own', () => {
  const whole = episode([0, 0, 0], 1)
  // The second parts from the first after a turn and its result, the third from the second within what that shares with the first.
  const at = whole.turns[2]!.from
  const second = { ...episode([0, 0, 0], 0), branch: { from: 0, at } }
  const third = { ...episode([0, 0, 0], 3), branch: { from: 1, at: whole.turns[4]!.from } }
  const alone = episode([0], 4)
  const hard = weighed([whole, second, third, alone], { scaleRewards: 'none', branchAdvantage: 'hard' })
  // Less the mean of 2: −1, −2, 1, 2; the first turn is of three, the second turn of the second completion of two.
  expect(hard.map(({ advantages }) => advantages)).toEqual([
    [-2 / 3, -2 / 3, -1, -1, -1, -1],
    [-2 / 3, -2 / 3, -0.5, -0.5, -2, -2],
    [-2 / 3, -2 / 3, -0.5, -0.5, 1, 1],
    [2, 2],
  ])
  const soft = weighed([whole, second, third, alone], { scaleRewards: 'none' })
  expect(soft.map(({ advantage, advantages }) => [advantage, advantages])).toEqual(
    [-1, -2, 1, 2].map((each) => [each, undefined]),
  )
})
