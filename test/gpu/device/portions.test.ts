// The sizes that there are, and how much is kept on a card.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { portions, portionsWithin, roundDown, roundUp } from '../../../src/gpu/device/portions.ts'

const grains = fc.record({ least: fc.constantFrom(1, 2, 8, 24, 512), perDoubling: fc.constantFrom(1, 2) })

test('a count is rounded to the nearest size above or below, which are sizes themselves', () => {
  fc.assert(
    fc.property(grains, fc.integer({ min: 1, max: 10_000 }), (grain, count) => {
      const [up, down] = [roundUp(count, grain), roundDown(count, grain)]
      expect(up).toBeGreaterThanOrEqual(count)
      expect(down).toBeLessThanOrEqual(count)
      expect(roundUp(up, grain)).toBe(up)
      if (count >= grain.least) expect(roundDown(down, grain)).toBe(down)
      if (up > count && count > grain.least) expect(roundDown(up - 0.5, grain)).toBe(down)
    }),
    { numRuns: 300 },
  )
})

test('there are few sizes', () => {
  const sizes = new Set(Array.from({ length: 16_384 }, (_, i) => roundUp(i + 1, { least: 512, perDoubling: 2 })))
  expect([...sizes]).toEqual([512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12_288, 16_384])
})

test('a small card keeps as large a share as one of 80 GB does', () => {
  const small = portionsWithin(portions.cuda, 20e9)
  expect(small.activations).toBe(portions.cuda.activations / 4)
  expect(small.decode!.bytes).toBe(portions.cuda.decode.bytes / 4)
  expect(portionsWithin(portions.cuda, 141e9)).toEqual(portions.cuda)
})
