// The engine against numbers that other code computed: transformers and PyTorch on four small checkpoints (fixtures/golden).
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cut,
  goldenFamilies,
  type GoldenFamily,
  goldenFolder,
  goldenWeights,
  keptRows,
  writeGoldenModel,
} from '../../../fixtures/golden/engine.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import { openSafetensors } from '../../../src/gpu/weights/safetensors.ts'
import { openOracle } from '../../../src/job/verify/oracle.ts'
import { sharedPath } from '../../shared.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-golden-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

describe.each(Object.keys(goldenFamilies) as GoldenFamily[])('%s', (family) => {
  const folder = join(root, family)
  writeGoldenModel(family, folder)
  const { rows, groups, length, expect: figures, read } = openOracle(goldenFolder(family))
  const forward = read('forward.safetensors')!
  /** What the file holds for a row of the batch, from the prediction of its second token on. */
  const perToken = (name: string, row: number) =>
    forward.get(name)!.subarray(row * (length - 1), row * (length - 1) + rows[row]!.ids.length - 1)

  test('logits after the last token of every sequence are those of transformers', () => {
    const model = openModel(device, folder)
    const V = model.config.vocabulary
    rows.forEach(({ ids }, row) => {
      const want = forward.get('last_logits')!.subarray(row * V, (row + 1) * V)
      expect(worst(model.logits(ids).slice(-V), want)).toBeLessThan(1e-4)
    })
    model.free()
  })

  test('log-probs and entropies of every token are those of transformers, and what a group shares changes none', () => {
    const model = openModel(device, folder)
    const options = { temperature: figures.temperature, entropy: true }
    const whole = rows.map(({ ids }) => ({ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }))
    const alone = model.forward(whole, options)
    const shared = model.forward(
      groups.map(({ group }) => group),
      options,
    )
    rows.forEach(({ promptLength }, row) => {
      const [logprobs, entropies] = [perToken('logprobs', row), perToken('entropy', row)]
      expect(worst(alone.logprobs[row]![0]!, logprobs)).toBeLessThan(1e-4)
      expect(worst(alone.entropies![row]![0]!, entropies)).toBeLessThan(1e-4)
      const g = groups.findIndex(({ rows: members }) => members.includes(row))
      const i = groups[g]!.rows.indexOf(row)
      expect(worst(shared.logprobs[g]![i]!, logprobs.slice(promptLength - 1))).toBeLessThan(1e-4)
      expect(worst(shared.entropies![g]![i]!, entropies.slice(promptLength - 1))).toBeLessThan(1e-4)
    })
    model.free()
  })

  test("gradients of the clipped loss with k3 are PyTorch's", () => {
    const model = openModel(device, folder, { training: { kind: 'full' } })
    const tokens = rows.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0)
    model.accumulate(
      groups.map(({ group }) => group),
      { temperature: figures.temperature },
      ({ logprobs }) => ({
        logprobs: groups.map(({ rows: members }, g) => {
          const advantages = standardised(members.map((row) => rows[row]!.reward))
          return members.map((row, i) => {
            const { oldLogprobs, referenceLogprobs } = rows[row]!
            return logprobs[g]![i]!.map((logprob, t) => {
              const ratio = Math.exp(logprob - oldLogprobs[t]!)
              const clipped = Math.min(Math.max(ratio, 1 - figures.clip), 1 + figures.clip)
              const policy = Math.min(ratio * advantages[i]!, clipped * advantages[i]!)
              // d k3 / d logprob of k3 = e^d − d − 1, d = reference − logprob.
              const k3 = 1 - Math.exp(referenceLogprobs[t]! - logprob)
              const slope = policy === ratio * advantages[i]! ? -policy : 0
              return (slope + figures.kl_coef * k3) / tokens
            })
          })
        }),
      }),
    )
    const kept = read('grads.safetensors')!
    const shapes = new Map(goldenWeights(family).map(({ name, shape }) => [name, shape]))
    const found = new Map(model.gradients().map(({ name, value }) => [name, value]))
    expect([...found.keys()].sort()).toEqual([...kept.keys()].sort())
    for (const [name, want] of kept) {
      const shape = shapes.get(name)!
      const error = worst(cut(found.get(name)!, shape, keptRows(name, shape, rows[0]!.ids)), want)
      expect({ name, right: error < 1e-3 * Math.max(...want.map(Math.abs)) }).toEqual({ name, right: true })
    }
    model.free()
  })

  test('greedy continuations are those of transformers', async () => {
    const model = openModel(device, folder)
    const wanted = Object.entries(figures.greedy)
    const requests = wanted.map(([row]) => {
      const { ids, promptLength } = rows[Number(row)]!
      return { prompt: ids.slice(0, promptLength), samples: 1, key: [Number(row)] }
    })
    const completions = await generateAll(model, requests, { temperature: 0, maxNewTokens: 24, eosIds: [] })
    expect(completions.map(([only]) => only!.ids)).toEqual(wanted.map(([, ids]) => ids))
    model.free()
  })

  test('what is sampled has the log-probs of the training pass, prompt shared or not', async () => {
    const model = openModel(device, folder)
    const groups = [0, 3].map((row) => rows[row]!.ids.slice(0, rows[row]!.promptLength))
    const requests = groups.map((prompt, i) => ({ prompt, samples: 3, key: [i] }))
    const drawn = await generateAll(model, requests, { temperature: 0.7, maxNewTokens: 30, eosIds: [] })
    const { logprobs } = model.forward(
      groups.map((prompt, i) => ({ prompt, completions: drawn[i]!.map(({ ids }) => ids) })),
      { temperature: 0.7 },
    )
    drawn.forEach((some, i) =>
      some.forEach((one, j) => expect(worst(one.logprobs, logprobs[i]![j]!)).toBeLessThan(1e-4)),
    )
    model.free()
  })

  const oracle = sharedPath('oracle', family, 'model.safetensors')
  test.skipIf(!oracle)('the weights drawn again are those that the numbers were computed from', () => {
    const checkpoint = openSafetensors(oracle!)
    const drawn = goldenWeights(family)
    expect(drawn.map(({ name }) => name).sort()).toEqual([...checkpoint.entries.keys()].sort())
    // A unit in the last place of the largest weights is 2.4e-7.
    for (const { name, read } of drawn) expect(worst(read(), checkpoint.floats(name))).toBeLessThan(2.5e-7)
    checkpoint.close()
  })
})

/** Largest difference; NaN where lengths differ or a value is none. */
function worst(found: ArrayLike<number>, want: ArrayLike<number>): number {
  if (found.length !== want.length) return NaN
  return Math.max(...Array.from(want, (value, i) => Math.abs(value - found[i]!)))
}

/** Tool-N1's advantages of a group: (reward − mean) / (deviation + 1e-6), the deviation with n − 1. */
function standardised(rewards: readonly number[]): number[] {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (rewards.length - 1)
  return rewards.map((reward) => (reward - mean) / (Math.sqrt(variance) + 1e-6))
}
