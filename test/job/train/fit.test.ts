// Lengths that nobody said follow the positions of the model; those that were said stay.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fitLengths } from '../../../src/job/train/fit.ts'
import { TrainRecipe } from '../../../src/rl/recipe.ts'
import { resolveConfig } from '../../../src/shell/config.ts'

const settings = (flags: Record<string, number | null> = {}) =>
  resolveConfig(TrainRecipe, { flags: { model: 'm', data: 'd', output: 'o', ...flags } })
const lengths = (positions: number, flags?: Record<string, number | null>) => {
  const { maxPromptLength, maxCompletionLength } = fitLengths(settings(flags), positions).value
  return [maxPromptLength, maxCompletionLength]
}

test('the defaults stand where the model has room for them, else they share its positions', () => {
  expect(lengths(32_768)).toEqual([4096, 8192])
  expect(lengths(8192)).toEqual([4096, 4096])
  expect(lengths(512)).toEqual([256, 256])
  expect(lengths(512, { maxCompletionLength: 64 })).toEqual([448, 64])
  expect(lengths(512, { maxPromptLength: 300 })).toEqual([300, 212])
  expect(lengths(512, { maxPromptLength: null })).toEqual([null, 256])
})

test('what was said is never changed, and what changed says so', () => {
  expect(lengths(512, { maxPromptLength: 600 })).toEqual([600, 8192])
  expect(lengths(512, { maxPromptLength: 400, maxCompletionLength: 400 })).toEqual([400, 400])
  expect(fitLengths(settings(), 512).origins).toMatchObject({
    maxPromptLength: "the model's 512 positions",
    maxCompletionLength: "the model's 512 positions",
  })
})

test('a prompt and a completion at their limits fit, whatever the model', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 100_000 }), (positions) => {
      const [prompt, completion] = lengths(positions)
      expect(prompt! + completion!).toBeLessThanOrEqual(positions)
    }),
  )
})
