// Sequences that begin alike go through as a tree: the same log-probs, entropies and gradients as one by one, for fewer tokens.
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { rowsOf } from '../../../src/gpu/net/sizes.ts'
import { batchOf, sharesMuch } from '../../../src/gpu/policy/batch.ts'
import { forestOf, leavesAtOnce, seenBy, sorted } from '../../../src/gpu/policy/forest.ts'
import { openModel, type Model } from '../../../src/gpu/policy/model.ts'
import type { Group, PerToken } from '../../../src/gpu/policy/policy.ts'
import { openScorer } from '../../../src/gpu/policy/scorer.ts'
import { stream } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-forest-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

/** Leaves of a random tree: at each of its nodes every branch goes on with tokens of its own, and may end there. */
function randomGroups(seed: number, longest: number): Group[] {
  const random = stream(seed)
  const draw = (most: number) => Math.floor(random() * most)
  const some = (most: number) => Array.from({ length: 1 + draw(most) }, () => draw(64))
  const groups = new Map<string, { prompt: number[]; completions: number[][] }>()
  const grow = (prompt: number[], before: number[], depth: number) => {
    const ids = [...before, ...some(longest)]
    // An agent that asks anew has as its prompt what was said before.
    const anew = depth > 0 && draw(4) === 0
    if (anew) return grow([...prompt, ...before], ids.slice(before.length), 0)
    if (depth === 0 || draw(4) === 0) {
      const key = prompt.join()
      if (!groups.has(key)) groups.set(key, { prompt, completions: [] })
      groups.get(key)!.completions.push(ids)
    }
    if (depth > 0) for (let i = 0; i < 2 + draw(2); i++) grow(prompt, ids, depth - 1)
  }
  const prompt = some(longest)
  for (let i = 0; i < 2; i++) grow(prompt, [], 2)
  return [...groups.values()]
}

/** Σ c·log-prob + d·entropy, its value and gradients; one sequence at a time where they are flattened. */
function learnt(model: Model, groups: readonly Group[], flattened: boolean) {
  const passes = flattened
    ? groups.flatMap(({ prompt, completions }, n) =>
        completions.map((ids, g) => ({ groups: [{ prompt, completions: [ids] }], of: () => [n, g] as const })),
      )
    : [{ groups, of: (n: number, g: number) => [n, g] as const }]
  let loss = 0
  model.clearGradients()
  for (const { groups: some, of } of passes)
    model.accumulate(some, { temperature: 0.7, entropy: true }, ({ logprobs, entropies }) => {
      const slope = (n: number, g: number, t: number, kind: number) => {
        const [group, sample] = of(n, g)
        // Every third token is not the model's own.
        return t % 3 === 2 ? 0 : Math.sin(1 + 5 * group + 2 * sample + t + kind)
      }
      const slopes = (values: PerToken, kind: number) =>
        values.map((group, n) =>
          group.map((tokens, g) =>
            tokens.map((value, t) => {
              loss += value * slope(n, g, t, kind)
              return slope(n, g, t, kind)
            }),
          ),
        )
      return { logprobs: slopes(logprobs, 0), entropies: slopes(entropies!, 9) }
    })
  return { loss, gradients: model.gradients() }
}

test('a tree is learnt from as its flattened sequences are', () => {
  const model = openModel(device, writeTinyModel(join(root, 'model'), 'qwen3'), { training: { kind: 'full' } })
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const groups = randomGroups(seed, 24)
      fc.pre(sharesMuch(groups, device.portions.lengths))
      const [tree, flat] = [learnt(model, groups, false), learnt(model, groups, true)]
      expect(Math.abs(tree.loss - flat.loss)).toBeLessThan(1e-5 * Math.max(1, Math.abs(flat.loss)))
      flat.gradients.forEach(({ name, value }, i) => {
        const [largest, apart] = [worst(value), worst(value, tree.gradients[i]!.value)]
        expect({ name, ok: apart <= 1e-5 * Math.max(1, largest) }).toEqual({ name, ok: true })
      })
    }),
    { seed: 1, numRuns: 5 },
  )
})

test('values of a critic are those of flattened sequences', () => {
  const dir = writeTinyModel(join(root, 'critic'), 'qwen2', 'ForTokenClassification')
  const critic = openScorer(device, dir)
  const groups = randomGroups(3, 24)
  expect(sharesMuch(groups, device.portions.lengths)).toBe(true)
  const found = critic.values(groups)
  groups.forEach(({ prompt, completions }, n) =>
    completions.forEach((ids, g) => {
      const [[alone]] = critic.values([{ prompt, completions: [ids] }]) as [[Float32Array]]
      expect(worst(alone, found[n]![g]!)).toBeLessThan(1e-5)
    }),
  )
})

test('a forest has a row for every beginning that has a token after it, once', () => {
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const groups = randomGroups(seed, 6)
      const forest = forestOf(groups)
      const beginnings = new Set<string>()
      groups.forEach(({ prompt, completions }, n) =>
        completions.forEach((ids, g) => {
          const whole = [...prompt, ...ids]
          const path = forest.paths[n]![g]!
          expect(path.length).toBe(whole.length - 1)
          path.forEach((row, i) => {
            beginnings.add(whole.slice(0, i + 2).join())
            expect([forest.ids[row]!, forest.labels[row]!, forest.positions[row]!]).toEqual([
              whole[i]!,
              whole[i + 1]!,
              i,
            ])
            expect(forest.parents[row]!).toBe(i === 0 ? -1 : path[i - 1]!)
            if (i >= prompt.length - 1) expect(forest.predicts[row]).toBe(true)
          })
          // Rows above are those whose numbers up to their ends hold it.
          const above = forest.ends.flatMap((end, row) => (row <= path.at(-1)! && path.at(-1)! <= end ? [row] : []))
          expect(above).toEqual([...path])
        }),
      )
      expect(forest.ids.length).toBe(beginnings.size)
      expect(sorted(groups).rows).toBe(beginnings.size)
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('what rows see lies in stretches that hold all above them', () => {
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const parents = Int32Array.from(forestOf(randomGroups(seed, 40)).parents)
      const from = Math.floor(stream(seed)() * parents.length)
      const to = Math.min(parents.length, from + 16)
      const stretches = seenBy({ from, to }, parents)
      for (let row = from; row < to; row++)
        for (let above = row; above >= 0; above = parents[above]!)
          expect(stretches.some((each) => each.from <= above && above < each.to)).toBe(true)
      stretches.slice(1).forEach((each, i) => expect(each.from).toBeGreaterThan(stretches[i]!.to))
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('a tree too large for a pass goes through in runs of neighbouring leaves', () => {
  const long = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
  const group = { prompt: long(0, 100), completions: [0, 1, 2, 3].map((i) => [...long(1000 + (i >> 1), 50), i]) }
  expect(leavesAtOnce([group], 1000)).toHaveLength(1)
  const passes = leavesAtOnce([group], 10)
  expect(passes.map(({ leaves }) => leaves.map(({ sample }) => sample))).toEqual([[0, 1, 2, 3]])
  const wide = { prompt: long(0, 10), completions: long(0, 8).map((i) => long(1000 * i, 100)) }
  expect(leavesAtOnce([wide], 10).map(({ leaves }) => leaves.length)).toEqual([2, 2, 2, 2])
})

test('a conversation of eight turns whose every beginning is a sequence has hardly more rows than the last of them', () => {
  const random = stream(1)
  const ids = Array.from({ length: 8 * 60 }, () => Math.floor(random() * 64))
  const turns = Array.from({ length: 8 }, (_, turn) => ({
    prompt: ids.slice(0, turn * 60 + 40),
    completions: [ids.slice(turn * 60 + 40, (turn + 1) * 60)],
  }))
  const flattened = turns.reduce((sum, { prompt, completions }) => sum + prompt.length + completions[0]!.length, 0)
  const { config } = openModel(device, writeTinyModel(join(root, 'turns'), 'qwen3'))
  expect(rowsOf(batchOf(turns, { config, portions: device.portions }).sizes)).toBeLessThan(flattened / 4)
})

function worst(a: ArrayLike<number>, b?: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - (b?.[i] ?? 0)))
  return most
}
