// Mixtures: as many rows of each file as its weight says, the same ones for the same seed.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { mix, quotas } from '../../src/data/mix.ts'

const parts = (...weights: number[]) => weights.map((weight, i) => ({ path: `${i}.jsonl`, weight }))

test('a limit is met exactly, the shares to a row', () => {
  expect(quotas(parts(0.5, 0.5), [10, 10], 5)).toEqual([3, 2])
  expect(quotas(parts(2, 1), [100, 100], 9)).toEqual([6, 3])
  expect(quotas(parts(0.1, 0.2, 0.7), [100, 100, 100], 100)).toEqual([10, 20, 70])
  fc.assert(
    fc.property(
      fc.array(fc.record({ weight: fc.double({ min: 0.01, max: 9, noNaN: true }), rows: fc.nat(60) }), {
        minLength: 1,
        maxLength: 5,
      }),
      (files) => {
        const named = parts(...files.map(({ weight }) => weight))
        const available = files.map(({ rows }) => rows)
        const counts = quotas(named, available)
        const all = counts.reduce((sum, count) => sum + count, 0)
        const sum = files.reduce((total, { weight }) => total + weight, 0)
        counts.forEach((count, i) => {
          expect(count).toBeLessThanOrEqual(available[i]!)
          expect(Math.abs(count - (all * files[i]!.weight) / sum)).toBeLessThan(1)
        })
        // As many as there are: one more would ask some file for more than it has.
        const most = Math.floor(Math.min(...files.map(({ weight, rows }) => (rows * sum) / weight)) + 1e-6)
        expect(Math.abs(all - most)).toBeLessThanOrEqual(1)
        expect(quotas(named, available, all)).toEqual(counts)
      },
    ),
  )
})

test('a file that has fewer rows than its share is named, with the limit that holds', () => {
  expect(() => quotas(parts(1, 1), [100, 3], 20)).toThrow(
    expect.objectContaining({
      message: 'Cannot mix 20 rows: 10 are to come from a file that has 3',
      hint: expect.stringContaining('--limit 6 is the most'),
    }),
  )
})

test('the seed decides which rows and in which order, and a smaller mixture is a part of a larger one', () => {
  const files = ['a', 'b'].map((name) => Array.from({ length: 30 }, (_, i) => `${name}${i}`))
  const large = mix(files, [20, 10], 1)
  expect(mix(files, [20, 10], 1)).toEqual(large)
  expect(mix(files, [20, 10], 2).toSorted()).not.toEqual(large.toSorted())
  expect(new Set(large).size).toBe(30)
  expect(large.filter((row) => row.startsWith('a')).length).toBe(20)
  // Mixed throughout, not one file after the other.
  expect(new Set(large.slice(0, 10).map((row) => row[0])).size).toBe(2)
  expect(large).toEqual(expect.arrayContaining(mix(files, [10, 5], 1)))
})
