// However a step is cut into micro-batches, losses on scalar heads come to the same gradient and metrics.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { portions } from '../../src/gpu/device/portions.ts'
import type { Group, PerToken } from '../../src/gpu/policy/policy.ts'
import { accumulateValues } from '../../src/rl/critic.ts'
import type { Judged, Pair, Weighted } from '../../src/rl/record.ts'
import { accumulate } from '../../src/rl/rm.ts'
import { uniform } from '../../src/rng.ts'

const V = 8
/** Values of ids are a table of weights; the gradient of each is the sum of the slopes at its ids. */
function toyScorer() {
  const gradient = new Float64Array(V)
  const valuesOf = (ids: readonly number[]) => Float32Array.from(ids, (id) => uniform(3, id) - 0.5)
  return {
    gradient,
    lengths: portions.cpu.lengths,
    accumulate(groups: readonly Group[], slopesOf: (values: PerToken) => PerToken) {
      const slopes = slopesOf(groups.map(({ completions }) => completions.map(valuesOf)))
      groups.forEach(({ completions }, g) =>
        completions.forEach((ids, i) => ids.forEach((id, t) => (gradient[id]! += slopes[g]![i]![t]!))),
      )
    },
  }
}

const ids = (least: number) => fc.array(fc.nat(V - 2), { minLength: least, maxLength: 5 })
const written = ids(1).map((some) => ({ ids: some, trained: [{ from: 0, to: some.length }] }))
/** From one item a micro-batch to all of them in one. */
const limits = fc.integer({ min: 1, max: 60 })

function expectSame(found: Record<string, number>, want: Record<string, number>, ...gradients: Float64Array[]): void {
  for (const [name, value] of Object.entries(want)) expect(found[name]).toBeCloseTo(value, 6)
  const [first, second] = gradients
  first!.forEach((value, i) => expect(value).toBeCloseTo(second![i]!, 6))
}

test('a reward model learns the same', async () => {
  const pairs = fc
    .array(fc.record({ prompt: ids(1), chosen: written, rejected: written }), { minLength: 2, maxLength: 8 })
    .map((all) => all.map((pair, index): Pair => ({ ...pair, index, id: `${index}` })))
  await fc.assert(
    fc.asyncProperty(pairs, limits, fc.constantFrom(0, 0.1), async (some, limit, centerRewardsCoefficient) => {
      const [whole, cut] = [toyScorer(), toyScorer()]
      const learn = (policy: typeof whole, microBatchTokens: number) =>
        accumulate(some, { policy, recipe: { microBatchTokens, centerRewardsCoefficient } })
      expectSame(await learn(cut, limit), await learn(whole, 1e6), cut.gradient, whole.gradient)
    }),
  )
})

test('a critic learns the same', async () => {
  const completion = fc.record({ own: written, seed: fc.nat(99) }).map(({ own, seed }) => {
    const draw = (part: number) => own.ids.map((_, t) => uniform(seed, part, t) - 0.5)
    return { ...own, values: draw(0), returns: draw(1) } as unknown as Weighted
  })
  const rollouts = fc
    .array(fc.record({ prompt: ids(1), completions: fc.array(completion, { minLength: 1, maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((all) =>
      all.map(
        ({ prompt, completions }) =>
          ({ prompt: { ids: prompt }, completions, live: true }) as unknown as Judged<Weighted>,
      ),
    )
  await fc.assert(
    fc.asyncProperty(rollouts, limits, async (some, limit) => {
      const [whole, cut] = [toyScorer(), toyScorer()]
      const learn = async (critic: typeof whole, microBatchTokens: number) => {
        const context = { critic, recipe: { microBatchTokens, clipValue: 0.2 } }
        return { ...(await accumulateValues(some, context as Parameters<typeof accumulateValues>[1])) }
      }
      expectSame(await learn(cut, limit), await learn(whole, 1e6), cut.gradient, whole.gradient)
    }),
  )
})
