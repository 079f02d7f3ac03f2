// The learning rate: warm-up, the peak, and what each shape leaves of it.
import { expect, test } from 'bun:test'
import { learningRate, type ScheduleName } from '../../src/rl/schedule.ts'

const at = (schedule: ScheduleName, update: number, extra = {}) =>
  learningRate(update, 100, { learningRate: 1, schedule, warmupSteps: 0, warmupShare: 0, ...extra })

test('shapes start at the peak and end where they say', () => {
  expect(['constant', 'linear', 'cosine'].map((name) => at(name as ScheduleName, 0))).toEqual([1, 1, 1])
  expect(at('constant', 99)).toBe(1)
  expect(at('linear', 50)).toBeCloseTo(0.5)
  expect(at('cosine', 50)).toBeCloseTo(0.5)
  expect(at('cosine', 99)).toBeLessThan(0.001)
})

test('the warm-up rises to the peak, by steps or by share', () => {
  expect([0, 1, 2, 3].map((update) => at('constant', update, { warmupSteps: 3 }))).toEqual([0.25, 0.5, 0.75, 1])
  expect(at('constant', 9, { warmupShare: 0.1 })).toBeLessThan(1)
  expect(at('constant', 10, { warmupShare: 0.1 })).toBe(1)
})
