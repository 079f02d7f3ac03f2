// The order of the data: every epoch whole and its own, and the same from whichever position it is read.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { inOrder } from '../../src/rl/order.ts'

const items = ['a', 'b', 'c', 'd', 'e']

test('every epoch holds every item once, in another order', () => {
  const epochs = [0, 1, 2].map((epoch) => inOrder(items, 7, epoch * 5, 5))
  for (const [number, epoch] of epochs.entries()) {
    expect(epoch.map(({ item }) => item).toSorted()).toEqual(items)
    expect(epoch.every((each) => each.epoch === number)).toBe(true)
  }
  expect(new Set(epochs.map((epoch) => epoch.map(({ item }) => item).join())).size).toBe(3)
})

test('reading in pieces gives what reading at once gives', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(12), fc.nat(12), (position, first, second) => {
      const pieces = [...inOrder(items, 1, position, first), ...inOrder(items, 1, position + first, second)]
      expect(pieces).toEqual(inOrder(items, 1, position, first + second))
    }),
  )
})
