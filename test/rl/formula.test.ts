// The loss in symbols, and settings without effect.
import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { advantages } from '../../src/rl/advantage.ts'
import { deadSettings, formulaOf } from '../../src/rl/formula.ts'
import { surrogates } from '../../src/rl/loss/surrogate.ts'
import { trainPresets } from '../../src/rl/presets.ts'
import { TrainRecipe } from '../../src/rl/recipe.ts'

const recipe = (tree: object = {}) => v.parse(TrainRecipe, { model: 'm', data: 'd', output: 'o', ...tree })

test("Tool-N1's loss is spelt with its numbers", () => {
  expect(formulaOf(recipe())).toEqual([
    'loss = mean over the tokens of the optimizer step [ max(−ρ·A, −clip(ρ, 0.8, 1.2)·A) + 0.001·k3(π‖π₀) clamped at ±10 ]',
    'A = (r − mean of the group) / (std of the group + 0.000001)',
    'ρ = π/π_old per token, π_old as it was sampled, all at temperature 0.7',
  ])
})

test('every preset has a formula of its own', () => {
  const formulas = Object.values(trainPresets).map((preset) => formulaOf(recipe(preset)).join('\n'))
  expect(new Set(formulas).size).toBe(formulas.length)
})

test('settings that another one switches off are named, those of a default or preset are not', () => {
  const origins = {
    sapoPositive: '--sapo-positive',
    scaleRewards: 'preset x',
    clipLow: 'default',
    refillRounds: 'c.yaml:3',
  }
  expect(deadSettings(recipe({ advantage: 'rloo' }), origins)).toEqual([
    'sapoPositive has no effect: the surrogate is not sapo (--sapo-positive)',
    'refillRounds has no effect: zeroVariance is not refill (c.yaml:3)',
  ])
})

test('objectives and advantages read exactly the settings that their rows name', () => {
  const sequence = { logprobs: [-1], ratios: [1.5], weights: [1], right: true, rate: 0.5 }
  const batch = { rewards: [[0, 1]], lengths: [[1, 1]] }
  for (const row of Object.values(surrogates)) {
    const { read, options } = watched(recipe())
    row.loss({ ...sequence, advantages: [1] }, options)
    row.formula(options)
    expect(read()).toEqual(row.reads.filter((key) => key !== 'ratio').toSorted())
  }
  for (const row of Object.values(advantages)) {
    const { read, options } = watched(recipe())
    if ('compute' in row) row.compute(batch, options)
    else if ('computeTurns' in row)
      row.computeTurns(
        {
          rewards: [
            [
              [0, 1],
              [1, 1],
            ],
          ],
          states: [
            [
              ['a', 'b'],
              ['a', 'c'],
            ],
          ],
        },
        options,
      )
    else row.computeValues({ rewards: [[0, 1]], values: [[0, 0]] }, options)
    row.formula(options)
    expect(read()).toEqual(row.reads.toSorted())
  }
})

/** Settings, and which of them were looked at. */
function watched<T extends object>(settings: T) {
  const keys = new Set<string>()
  const options = new Proxy(settings, {
    get(target, key) {
      keys.add(String(key))
      return Reflect.get(target, key)
    },
  })
  return { options, read: () => [...keys].sort() }
}
