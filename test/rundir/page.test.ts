// What the page computes in the browser: which groups are shown, how curves are smoothed, and which range a chart has.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { rangeOf, smoothed } from '../../src/rundir/watch/page/curve.ts'
import { countOf, filters, find } from '../../src/rundir/watch/page/filters.ts'
import { seriesOf, healthOf, spell } from '../../src/rundir/watch/reading.ts'
import type { Group } from '../../src/rundir/watch/view.ts'

const mark = (index: number, reward: number, more = {}) => ({
  index,
  reward,
  advantage: 0,
  right: reward >= 1,
  truncated: false,
  fault: false,
  tokens: 3,
  ...more,
})
const groups: Group[] = [
  { id: 'a', question: 'Rain?', mean: 0.5, deviation: 0.5, marks: [mark(0, 1), mark(1, 0, { truncated: true })] },
  { id: 'b', question: 'Snow?', mean: 1, deviation: 0, marks: [mark(2, 1), mark(3, 1)] },
  { id: 'c', question: 'Hail?', mean: 0, deviation: 0, marks: [mark(4, 0, { fault: true }), mark(5, 0)] },
]
const shown = (chosen: string[], words = '', order = 'trained') =>
  find(groups, { chosen, words, order }).map(({ group, marks }) => [group.id, ...marks.map(({ index }) => index)])

test('filters hold of the same completion all at once, of a group as a whole, and a search of its question', () => {
  expect(shown([])).toEqual([
    ['a', 0, 1],
    ['b', 2, 3],
    ['c', 4, 5],
  ])
  expect(shown(['failed'])).toEqual([
    ['a', 1],
    ['c', 4, 5],
  ])
  expect(shown(['failed', 'equal'])).toEqual([['c', 4, 5]])
  expect(shown(['failed', 'fault'])).toEqual([['c', 4]])
  expect(shown(['truncated', 'fault'])).toEqual([])
  expect(shown([], 'sNOW')).toEqual([['b', 2, 3]])
  expect(shown([], '', 'best').map(([id]) => id)).toEqual(['b', 'a', 'c'])
  expect(Object.values(filters).map((filter) => countOf(groups, filter))).toEqual([3, 1, 1, 2])
})

test('a smoothed curve of equal values is that value, stays within its values, and keeps gaps', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 0.95, noNaN: true }),
      (values, weight) => {
        const curve = smoothed([values[0]!, NaN, ...values], weight)
        expect(curve[1]).toBeNaN()
        const room = 1e-6 * (1 + Math.max(...values.map(Math.abs)))
        expect(Math.min(...curve.filter(Number.isFinite))).toBeGreaterThanOrEqual(Math.min(...values) - room)
        expect(Math.max(...curve.filter(Number.isFinite))).toBeLessThanOrEqual(Math.max(...values) + room)
      },
    ),
  )
  expect(smoothed([2, 2, 2], 0.9).map((value) => value.toFixed(9))).toEqual(Array(3).fill('2.000000000'))
  expect(smoothed([1, 5], 0)).toEqual([1, 5])
})

test('a chart shows the bound that is passed, and one that is near, and is not flattened by one that is far', () => {
  expect(rangeOf([3, 4], [0, 1])[0]).toBeLessThan(1)
  expect(rangeOf([0.4, 0.6], [0, 0.7])[1]).toBeGreaterThan(0.7)
  expect(rangeOf([0.01, 0.02], [0, 100])[1]).toBeLessThan(0.1)
  const [low, high] = rangeOf([5, 5], undefined)
  expect(low).toBeLessThan(5)
  expect(high).toBeGreaterThan(5)
  expect(rangeOf([NaN], [0, 1])).toEqual([0, 1])
  // A long run has more values than a function takes arguments.
  expect(rangeOf(new Array(500_000).fill(1).concat(3), undefined)[1]).toBeGreaterThan(3)
})

test('a figure is read by the mean of its last values, against a band that may follow its first', () => {
  const step = (number: number, entropy: number) =>
    ({ type: 'step', time: 0, step: number, steps: 9, figures: { entropy, reward: 1 } }) as const
  const health = (...values: number[]) => healthOf(seriesOf(values.map((value, i) => step(i + 1, value))))
  expect(health(1, 0.5, 0.4)).toMatchObject([{ bounds: [0.2, 2], side: 'within' }])
  expect(health(1, ...Array(5).fill(0.1))).toMatchObject([{ value: 0.1, side: 'below' }])
  expect(health(1, 1, 1, 1, 1, 0)).toMatchObject([{ side: 'within' }])
  expect(health(0, 0.4)).toMatchObject([{ bounds: undefined, side: 'within' }])
  expect([0.635, 12.3].map((value) => spell(value, 'share'))).toEqual(['63.5 %', '1230.0 %'])
  expect([0, 1234.5, 0.00012, 1e7, NaN].map((value) => spell(value, 'number'))).toEqual([
    '0',
    '1\u202f235',
    '1.2e-4',
    '1.0e7',
    '–',
  ])
})
