// Tokens that an environment gave stay in the context, carry exactly no gradient and are counted nowhere.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { learn } from '../../src/rl/learn.ts'
import { rolloutMetrics } from '../../src/rl/metrics.ts'
import { lawOf, TrainRecipe } from '../../src/rl/recipe.ts'
import type { Frozen, Judged } from '../../src/rl/record.ts'
import { flagsOf, gather, ownWords, scatter, spansOf, trainedTokens } from '../../src/rl/trained.ts'
import { weigh } from '../../src/rl/weigh.ts'
import { stream } from '../../src/rng.ts'
import { toyPolicy, toyPrompts } from './toy.ts'

const V = 6
const recipes: Record<string, object> = {
  'tool-n1': {},
  'loss in every part': { klCoefficient: 0.1, klWeighted: true, entropyCoefficient: 0.01, topEntropyShare: 0.5 },
  gspo: { ratio: 'sequence', aggregation: 'sequence' },
  rloo: { advantage: 'rloo', ratio: 'product', aggregation: 'sequence', klIn: 'reward', klEstimator: 'k1' },
  'reinforce++': { advantage: 'reinforce++', klIn: 'reward', klEstimator: 'k1' },
  opo: { advantage: 'opo', aggregation: 'micro-batch', surrogate: 'cispo' },
}

/** Random flags of the completions of two groups of three: 0 = given. */
const masks = fc.array(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 8 }), { minLength: 6, maxLength: 6 })

/** Groups of random ids with these flags; what is said of given tokens comes from `noise`. */
function rollouts(flags: readonly number[][], noise: (t: number) => number): Judged<Frozen>[] {
  const random = stream(7)
  const numbers = (own: readonly number[]) =>
    Float32Array.from(own, (flag, t) => {
      const value = -0.5 - 2 * random()
      return flag === 1 ? value : noise(t)
    })
  const completions = flags.map((own, i): Frozen => {
    const ids = own.map(() => Math.floor(V * random()))
    return {
      ...ownWords({ ids, logprobs: numbers(own), finish: 'eos' }),
      trained: spansOf(own),
      text: '',
      verdict: { score: 0, parts: null, fault: null, reasons: [] },
      reward: i % 3,
      old: numbers(own),
      reference: numbers(own),
    }
  })
  const [first, second] = toyPrompts(2, V)
  return [
    { prompt: first!, completions: completions.slice(0, 3), live: true },
    { prompt: second!, completions: completions.slice(3), live: true },
  ]
}

async function learned(flags: readonly number[][], settings: object, noise: (t: number) => number) {
  const recipe = v.parse(TrainRecipe, {
    model: '',
    data: [],
    output: '',
    miniBatches: 2,
    learningRate: 0.1,
    ...settings,
  })
  const slopes: { value: number; own: boolean }[] = []
  const toy = toyPolicy(V, (from, to) => Math.sin(from + 2 * to))
  const weighted = weigh(rollouts(flags, noise), recipe)
  const ownOf = new Map(weighted.flatMap(({ completions }) => completions.map((each) => [each.ids, flagsOf(each)])))
  const policy: typeof toy = {
    ...toy,
    accumulate: (groups, options, gradientOf) =>
      toy.accumulate(groups, options, (forward) => {
        const found = gradientOf(forward)
        for (const values of [found.logprobs, found.entropies ?? []])
          values.forEach((group, g) =>
            group.forEach((each, i) => {
              const own = ownOf.get(groups[g]!.completions[i]!)!
              expect(each.length).toBe(own.length)
              slopes.push(...Array.from(each, (value, t) => ({ value, own: own[t] === 1 })))
            }),
          )
        return found
      }),
  }
  const figures = await learn(weighted, { recipe, law: lawOf(recipe), policy, step: 0, steps: 1 })
  return { figures, table: toy.table, slopes, weighted }
}

for (const [name, settings] of Object.entries(recipes))
  test(`${name}: a given token has exactly no gradient, and what is said of it changes nothing`, async () => {
    await fc.assert(
      fc.asyncProperty(masks, async (flags) => {
        const quiet = await learned(flags, settings, () => 0)
        const loud = await learned(flags, settings, (t) => -40 + 13 * t)
        expect(quiet.slopes.filter(({ value, own }) => !own && value !== 0)).toEqual([])
        expect(loud.table).toEqual(quiet.table)
        expect(loud.figures).toEqual(quiet.figures)
        expect(quiet.table.every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

test('the model’s own tokens have a gradient wherever there is an advantage', async () => {
  const { slopes } = await learned([[1, 0, 1], [0, 1], [1], [1, 1, 0], [0, 1, 0], [1]], recipes['tool-n1']!, () => 0)
  expect(slopes.filter(({ own }) => !own)).toHaveLength(5)
  expect(slopes.filter(({ value, own }) => own && value !== 0).length).toBeGreaterThan(4)
})

test('the advantage of a completion without a token of its own changes nothing, and its reward still counts in its group', async () => {
  const flags = [[0, 0], [1], [1, 1], [1], [1], [1]]
  const { weighted, table } = await learned(flags, {}, () => 0)
  const group = weighted[0]!.completions.map(({ advantage }) => advantage)
  expect(group.map((value) => value.toFixed(3))).toEqual(['-1.000', '0.000', '1.000'])
  const recipe = v.parse(TrainRecipe, { model: '', data: [], output: '', miniBatches: 2, learningRate: 0.1 })
  const toy = toyPolicy(V, (from, to) => Math.sin(from + 2 * to))
  const other = weighted.map((each, g) => ({
    ...each,
    completions: each.completions.map((completion, i) =>
      g + i === 0 ? { ...completion, advantage: 1e6 } : completion,
    ),
  }))
  await learn(other, { recipe, law: lawOf(recipe), policy: toy, step: 0, steps: 1 })
  expect(toy.table).toEqual(table)
})

test('lengths are those of own tokens in metrics and in averages over tokens', async () => {
  const flags = [[1, 0, 0, 1], [1, 1], [0, 0, 1], [1], [1], [1]]
  const batch = { rollouts: rollouts(flags, () => 0), dead: [], position: 0, capped: false }
  expect(rolloutMetrics(batch)).toMatchObject({
    'completions/mean_length': 8 / 6,
    'completions/min_length': 1,
    'completions/max_length': 2,
  })
  // The entropy of a token is the same however many given tokens stand around: means are over own tokens alone.
  const uniform = toyPolicy(V)
  const recipe = v.parse(TrainRecipe, { model: '', data: [], output: '', miniBatches: 1 })
  const figures = await learn(weigh(batch.rollouts, recipe), {
    recipe,
    law: lawOf(recipe),
    policy: uniform,
    step: 0,
    steps: 1,
  })
  expect(figures['entropy']).toBeCloseTo(Math.log(V))
})

test('flags, spans and counts say the same, and what is gathered is scattered to where it was', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1), { maxLength: 12 }), (flags) => {
      const completion = { ids: flags.map((_, t) => t), trained: spansOf(flags) }
      expect(flagsOf(completion)).toEqual(flags as (0 | 1)[])
      expect(trainedTokens(completion)).toBe(flags.filter((flag) => flag === 1).length)
      const values = flags.map((flag, t) => (flag === 1 ? t + 1 : 0))
      expect([...scatter(gather(values, completion), completion)]).toEqual(values)
    }),
  )
})
