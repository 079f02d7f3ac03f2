// The pace of products, from which the time of a run is estimated: that of the fastest, whatever interrupts the others.
import { expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { productRate } from '../../../src/gpu/policy/speed.ts'

test('the fastest product says how fast a device multiplies', async () => {
  const device = await openDevice('cpu', { threads: 1 })
  // Milliseconds that the clock goes on with each look at it: the third product takes two, the others more.
  const steps = [0, 10, 20, 2, 40]
  let time = 0
  let looks = 0
  const now = () => (time += steps[looks++] ?? 100)
  const rate = productRate(device, { hidden: 8, intermediate: 16 }, 4, now)
  expect(rate).toBeCloseTo((4 * 8 * 16) / 0.002, 3)
  expect(looks).toBe(5)
})

test('a product that takes next to no time is not measured over and over', async () => {
  const device = await openDevice('cpu', { threads: 1 })
  let looks = 0
  productRate(device, { hidden: 8, intermediate: 16 }, 4, () => looks++ * 1e-3)
  expect(looks).toBe(65)
})
