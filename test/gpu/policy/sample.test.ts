// Sampling: what each filter keeps, and the log-prob of the distribution that was sampled.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { penalise, sampleToken } from '../../../src/gpu/policy/sample.ts'

const p = Float32Array.of(0.1, 0.4, 0.3, 0.2)
const base = { temperature: 1, maxNewTokens: 1, eosIds: [] }
const reachable = (sampling: object) => {
  const seen = new Map<number, number>()
  for (let draw = 0; draw < 1; draw += 0.001) {
    const { id, logprob } = sampleToken(p, { ...base, ...sampling }, draw)
    seen.set(id, Math.exp(logprob))
  }
  return Object.fromEntries([...seen].map(([id, probability]) => [id, Math.round(probability * 1e4) / 1e4]))
}

test('temperature 0 takes the most likely token, the first of equals', () => {
  expect(sampleToken(p, { ...base, temperature: 0 }, 0.99).id).toBe(1)
  expect(sampleToken(Float32Array.of(0.5, 0.5), { ...base, temperature: 0 }, 0.99).id).toBe(0)
})

test('no filter reaches every token with its own probability', () => {
  expect(reachable({})).toEqual({ 0: 0.1, 1: 0.4, 2: 0.3, 3: 0.2 })
})

test('top-k keeps the k most likely, renormalised', () => {
  expect(reachable({ topK: 2 })).toEqual({ 1: 0.5714, 2: 0.4286 })
})

test('top-p keeps the smallest set that reaches it', () => {
  expect(reachable({ topP: 0.65 })).toEqual({ 1: 0.5714, 2: 0.4286 })
  expect(reachable({ topP: 0.1 })).toEqual({ 1: 1 })
})

test('min-p drops what is below its share of the most likely', () => {
  expect(reachable({ minP: 0.6 })).toEqual({ 1: 0.5714, 2: 0.4286 })
})

test('the penalty divides positive and multiplies negative logits of tokens already seen', () => {
  const changed = penalise(Float32Array.of(2, -1, 0.5), [0, 1, 0], { ...base, repetitionPenalty: 2 })
  const want = [1, -2, 0.5].map(Math.exp)
  const total = want.reduce((sum, value) => sum + value)
  changed.forEach((value, i) => expect(value).toBeCloseTo(want[i]! / total, 6))
})

test('a token drawn has a probability above zero, for any distribution, draw and filter', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 }).filter((a) => a.some((x) => x > 0)),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.record({
        topK: fc.nat(10),
        topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
        minP: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      (weights, draw, filters) => {
        const total = weights.reduce((sum, value) => sum + value)
        const distribution = Float32Array.from(weights, (value) => value / total)
        const { id, logprob } = sampleToken(distribution, { ...base, ...filters }, draw)
        expect(distribution[id]).toBeGreaterThan(0)
        expect(logprob).toBeLessThanOrEqual(1e-6)
      },
    ),
  )
})
