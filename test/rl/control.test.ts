// Coefficients that are steered, and weights that make up for another sampler.
import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { steer, steered } from '../../src/rl/control.ts'
import { formulaOf } from '../../src/rl/formula.ts'
import { corrections } from '../../src/rl/loss/importance.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'

const recipe = (settings: Record<string, unknown>) =>
  v.parse(TrainRecipe, { model: '', data: '', output: '', ...settings })

test('the KL coefficient follows its target by at most a fifth in a horizon of completions', () => {
  const start = recipe({ klCoefficient: 0.2, klTarget: 0.1, klHorizon: 1000 })
  const after = (kl: number, completions = 500) => steer(start, { kl, entropy: 1, completions }).klCoefficient
  expect(after(0.1)).toBeCloseTo(0.2, 12)
  expect(after(0.11)).toBeCloseTo(0.2 * (1 + (0.1 * 500) / 1000), 12)
  expect(after(5)).toBeCloseTo(0.2 * 1.1, 12)
  expect(after(0)).toBeCloseTo(0.2 * 0.9, 12)
})

test('the entropy coefficient goes a step up below its target, down above it, and not below 0', () => {
  const after = (entropy: number, entropyCoefficient = 0.01) =>
    steer(recipe({ entropyTarget: 0.2, entropyCoefficient }), { kl: 0, entropy, completions: 1 })
  expect(after(0.1)).toEqual({ entropyCoefficient: 0.015 })
  expect(after(0.3)).toEqual({ entropyCoefficient: 0.005 })
  expect(after(0.3, 0.001)).toEqual({ entropyCoefficient: 0 })
})

test('without a target nothing is steered; what is goes into the next step', () => {
  expect(steer(recipe({}), { kl: 9, entropy: 9, completions: 9 })).toEqual({})
  expect(steered(recipe({ klCoefficient: 0.1 }), { klCoefficient: 0.3 }).klCoefficient).toBe(0.3)
})

test('weights are cut or dropped beyond the cap, by token or by completion', () => {
  const logs = Float64Array.of(Math.log(2), Math.log(0.5), Math.log(8))
  const weights = (name: keyof typeof corrections, cap = 4) =>
    [...corrections[name].weights(logs, cap)].map((weight) => Number(weight.toFixed(9)))
  expect(weights('none')).toEqual([1, 1, 1])
  expect(weights('token-truncate')).toEqual([2, 0.5, 4])
  expect(weights('token-mask')).toEqual([2, 0.5, 0])
  expect(weights('sequence-truncate')).toEqual([4, 4, 4])
  expect(weights('sequence-mask')).toEqual([0, 0, 0])
  expect(weights('sequence-mask', 9)).toEqual([8, 8, 8])
})

test('plan says how the loss is weighed and coefficients move', () => {
  const lines = formulaOf(recipe({ importanceCorrection: 'token-truncate', klTarget: 0.1, entropyTarget: 0.2 })).join(
    '\n',
  )
  expect(lines).toContain('[ min(ω, 3)·max(−ρ·A')
  expect(lines).toContain('klCoefficient ← klCoefficient·(1 + clip(kl/0.1 − 1, ±0.2)·completions/10000)')
  expect(lines).toContain('up where the entropy is below 0.2')
})
