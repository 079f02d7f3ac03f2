// A critic: what its values make of rewards, its loss against finite differences, and a step that may be cut anywhere.
import { expect, test } from 'bun:test'
import { portions } from '../../src/gpu/device/portions.ts'
import * as v from 'valibot'
import type { PerToken } from '../../src/gpu/policy/policy.ts'
import { accumulateValues } from '../../src/rl/critic.ts'
import { formulaOf } from '../../src/rl/formula.ts'
import { gae } from '../../src/rl/gae.ts'
import { valueLoss } from '../../src/rl/loss/value.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'
import type { Frozen, Judged } from '../../src/rl/record.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { weigh } from '../../src/rl/weigh.ts'
import { uniform } from '../../src/rng.ts'
import { toyPrompts } from './toy.ts'

const recipe = (settings: Record<string, unknown> = {}) =>
  v.parse(TrainRecipe, { model: '', data: '', output: '', advantage: 'gae', klCoefficient: 0, ...settings })

test('with λ 1 an advantage is what comes less what was expected, with λ 0 the surprise of the next token', () => {
  const [rewards, values] = [
    [0, 0, 1],
    [0.5, 0.25, 0.75],
  ]
  expect(gae(rewards, values, { gamma: 1, gaeLambda: 1 })).toEqual({
    advantages: [0.5, 0.75, 0.25],
    returns: [1, 1, 1],
  })
  expect(gae(rewards, values, { gamma: 0.5, gaeLambda: 0 }).advantages).toEqual([-0.375, 0.125, 0.25])
  expect(gae([], [], { gamma: 1, gaeLambda: 1 })).toEqual({ advantages: [], returns: [] })
})

test('the loss has the slopes of finite differences, and none where the bound decides', () => {
  const of = (values: number[]) => ({ values, old: [0, 0, 0, 0], returns: [0.2, 2, -2, 0.4] })
  const values = [0.1, 0.9, 0.9, -0.9]
  const { slopes, clipped } = valueLoss(of(values), 0.5, 0.25)
  values.forEach((value, t) => {
    const at = (h: number) => valueLoss(of(values.with(t, value + h)), 0.5, 0.25).loss
    expect(slopes[t]!).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6)
  })
  expect(clipped).toBe(1)
  expect(slopes[1]).toBe(0)
})

/** Completions of several lengths; the second token of the longest is a tool's. */
const rollouts: Judged<Frozen>[] = toyPrompts(3, 6).map((prompt, g) => ({
  prompt,
  live: g !== 1,
  completions: [1, 3, 2].map((length, i) => {
    const ids = Array.from({ length }, (_, t) => (g + i + t) % 6)
    const logprobs = Float32Array.from(ids, (_, t) => -1 - uniform(g, i, t))
    const sampled = ownWords({ ids, logprobs, finish: 'eos' })
    const trained =
      length === 3
        ? [
            { from: 0, to: 1 },
            { from: 2, to: 3 },
          ]
        : sampled.trained
    const verdict = { score: i, parts: null, fault: null, reasons: [] }
    const values = Float32Array.from(ids, (_, t) => uniform(7, g, i, t))
    return { ...sampled, trained, text: '', verdict, reward: i, old: logprobs, reference: undefined, values }
  }),
}))

test('advantages are whitened over the own tokens of live rollouts; what a tool gave has none', () => {
  const weighed = weigh(rollouts, recipe({ gaeLambda: 0.9 }))
  const live = weighed.filter((each) => each.live).flatMap((each) => each.completions)
  expect(live.map(({ advantages, returns }) => [advantages!.length, returns!.length])).toEqual(
    [1, 2, 2, 1, 2, 2].map((length) => [length, length]),
  )
  const all = live.flatMap(({ advantages }) => advantages!)
  expect(all.reduce((sum, each) => sum + each, 0)).toBeCloseTo(0, 9)
  expect(all.reduce((sum, each) => sum + each ** 2, 0) / (all.length - 1)).toBeCloseTo(1, 6)
  expect(weighed[1]!.completions.every(({ advantage }) => advantage === 0)).toBe(true)
})

test('the critic’s gradient does not depend on how a step is cut, and is 0 at what a tool gave', async () => {
  const weighed = weigh(rollouts, recipe())
  const run = async (microBatchTokens: number) => {
    const slopes = new Map<string, number[]>()
    const critic = {
      lengths: portions.cpu.lengths,
      accumulate(
        groups: readonly { prompt: readonly number[]; completions: readonly (readonly number[])[] }[],
        gradient: (values: PerToken) => PerToken,
      ) {
        const values = groups.map(({ completions }) => completions.map((ids) => Float32Array.from(ids, (id) => id / 5)))
        // A group may be cut too.
        gradient(values).forEach((group, g) => {
          const { prompt, completions } = groups[g]!
          group.forEach((row, i) => slopes.set(`${prompt} → ${completions[i]}`, [...row]))
        })
      },
    }
    const found = await accumulateValues(weighed, { critic, recipe: { clipValue: 0.5, microBatchTokens } })
    return { loss: found.loss, slopes: [...slopes].sort() }
  }
  const [whole, cut] = [await run(4096), await run(1)]
  expect(cut.loss).toBeCloseTo(whole.loss, 12)
  expect(cut.slopes).toEqual(whole.slopes)
  const longest = whole.slopes.map(([, row]) => row).filter((row) => row.length === 3)
  expect(longest.map((row) => row[1])).toEqual([0, 0])
})

test('plan says the losses of both', () => {
  const lines = formulaOf(recipe({ preset: 'ppo', gamma: 0.99, gaeLambda: 0.95 }))
  expect(lines.join('\n')).toContain('Σₖ 0.9405ᵏ·δₜ₊ₖ, δₜ = rₜ + 0.99·V₀ₜ₊₁ − V₀ₜ')
  expect(lines.join('\n')).toContain('critic: loss = mean over the tokens of the optimizer step [ ½·max((V − R)²')
  expect(formulaOf(recipe({ advantage: 'grpo', surrogate: 'nft' })).some((line) => line.startsWith('A ='))).toBe(false)
})
