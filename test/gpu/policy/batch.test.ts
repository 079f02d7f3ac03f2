// How groups become passes.
import { expect, test } from 'bun:test'
import { samplesAtOnce } from '../../../src/gpu/policy/batch.ts'

const group = (prompt: number, samples: number, completion: number) => ({
  prompt: Array.from({ length: prompt }, () => 1),
  completions: Array.from({ length: samples }, () => Array.from({ length: completion }, () => 2)),
})

test('a group goes through whole unless its completions are several passes long', () => {
  expect(samplesAtOnce(group(512, 8, 64), 2048)).toBe(8)
  expect(samplesAtOnce(group(512, 8, 500), 2048)).toBe(8)
  expect(samplesAtOnce(group(512, 8, 1024), 2048)).toBe(4)
  expect(samplesAtOnce(group(4096, 5, 8192), 2048)).toBe(1)
})

test('a group is not cut where its prompt, computed again in each part, would be most of the work', () => {
  expect(samplesAtOnce(group(4096, 8, 128), 64)).toBe(8)
})
