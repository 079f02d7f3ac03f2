// How groups become passes.
import { expect, test } from 'bun:test'
import { type Lengths, padded, portions } from '../../../src/gpu/device/portions.ts'
import { microBatches, samplesAtOnce } from '../../../src/gpu/policy/batch.ts'
import { stream } from '../../../src/rng.ts'

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

/** Sizes of the passes that groups of so many tokens make, and the rows of all of them. */
function passesOf(groups: readonly ReturnType<typeof group>[], limit: number, lengths: Lengths) {
  const passes = microBatches(groups, limit, lengths).map((batch) => {
    const some = batch.map((i) => groups[i]!)
    const P = padded(Math.max(...some.map(({ prompt }) => prompt.length - 1)), lengths)
    const R = padded(Math.max(...some.map(({ completions: [ids] }) => ids!.length)), lengths)
    return { P, R, rows: batch.length * (P + some[0]!.completions.length * R) }
  })
  const widths = (of: 'P' | 'R') => new Set(passes.map((pass) => pass[of])).size
  return {
    prompts: widths('P'),
    completions: widths('R'),
    rows: passes.reduce((sum, { rows }) => sum + rows, 0),
    passes,
  }
}

test('a GPU, where graphs take long to compile, pads to few lengths, and the passes still fit', () => {
  const next = stream(1)
  const groups = Array.from({ length: 400 }, () =>
    group(2 + Math.floor(2000 * next()), 4, 1 + Math.floor(500 * next())),
  )
  const [cpu, gpu] = [portions.cpu, portions.cuda].map(({ lengths }) => passesOf(groups, 8192, lengths))
  expect(gpu!.prompts).toBeLessThanOrEqual(10)
  expect(gpu!.completions).toBeLessThanOrEqual(8)
  expect(gpu!.prompts * gpu!.completions).toBeLessThan((cpu!.prompts * cpu!.completions) / 2)
  expect(gpu!.rows).toBeLessThan(1.3 * cpu!.rows)
  for (const { rows } of gpu!.passes) expect(rows).toBeLessThanOrEqual(8192)
})
