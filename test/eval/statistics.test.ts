// Statistics against published and hand-computed numbers.
import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import {
  bestAtK,
  bootstrap,
  majorityAtK,
  mean,
  pairedDifference,
  passAtK,
  signTest,
  wilson,
} from '../../src/eval/statistics.ts'

test('Wilson’s interval gives the numbers of Newcombe 1998, table I', () => {
  // 81/263, 15/148, 0/20 and 1/29, method 3 (score without continuity correction).
  const table: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ]
  for (const [correct, total, low, high] of table) {
    const interval = wilson(correct, total)
    expect(interval.low).toBeCloseTo(low, 4)
    expect(interval.high).toBeCloseTo(high, 4)
  }
})

test('pass@k counts the draws that hold at least one right sample', () => {
  // C(3,2)/C(5,2) = 3/10 of the pairs hold none of 2 right among 5.
  expect(passAtK(5, 2, 2)).toBeCloseTo(0.7, 12)
  expect(passAtK(5, 0, 3)).toBeCloseTo(0, 12)
  expect(passAtK(5, 3, 3)).toBe(1)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(12), fc.integer({ min: 1, max: 12 }), (n, c, k) => {
      fc.pre(c <= n && k <= n)
      const scores = Array.from({ length: n }, (_, i) => (i < c ? 1 : 0))
      expect(bestAtK(scores, k)).toBeCloseTo(passAtK(n, c, k), 9)
    }),
  )
})

test('best@1 is the mean and best@n the maximum', () => {
  const scores = [0.2, 0.9, 0.4, 0.4]
  expect(bestAtK(scores, 1)).toBeCloseTo(mean(scores), 12)
  expect(bestAtK(scores, 4)).toBeCloseTo(0.9, 12)
  // Pairs of (0.2 0.4 0.4 0.9): 0.4 three times, 0.9 three times.
  expect(bestAtK(scores, 2)).toBeCloseTo((3 * 0.4 + 3 * 0.9) / 6, 12)
})

test('the majority answer wins, and the first one among equals', () => {
  const samples = [
    { answer: 'a', score: 0 },
    { answer: 'b', score: 1 },
    { answer: 'b', score: 1 },
  ]
  expect(majorityAtK(samples, 3)).toBe(1)
  expect(majorityAtK(samples, 2)).toBe(0)
})

test('a bootstrap interval holds the mean, is reproducible and shrinks with more rows', () => {
  const values = Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 1 : 0))
  const interval = bootstrap(values, { seed: 3 })
  expect(interval).toEqual(bootstrap(values, { seed: 3 }))
  expect(interval.estimate).toBe(0.25)
  // The normal approximation is 0.25 ± 1.96·√(0.25·0.75/100) = 0.165 … 0.335.
  expect(interval.low).toBeCloseTo(0.165, 1)
  expect(interval.high).toBeCloseTo(0.335, 1)
  const wide = bootstrap(values.slice(0, 20), { seed: 3 })
  expect(wide.high - wide.low).toBeGreaterThan(interval.high - interval.low)
})

test('a paired difference sees a small constant gain that two separate intervals hide', () => {
  const a = Array.from({ length: 50 }, (_, i) => i / 50)
  const difference = pairedDifference(
    a,
    a.map((value) => value + 0.01),
  )
  expect(difference.low).toBeGreaterThan(0.009)
  expect(difference.high).toBeLessThan(0.011)
})

test('the sign test is the exact binomial tail', () => {
  // 2·(C(10,0)+C(10,1)+C(10,2))/2^10
  expect(signTest(8, 2)).toBeCloseTo((2 * 56) / 1024, 12)
  expect(signTest(0, 0)).toBe(1)
  expect(signTest(3, 3)).toBe(1)
})
