// Masks in training: the law of the update is the one that was sampled from, gradient and all.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { allows, type Mask } from '../../../src/gpu/policy/law.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Forward, Group, PerToken } from '../../../src/gpu/policy/policy.ts'
import { normal, uniform } from '../../../src/rng.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-mask-'))
const device = await openDevice('cpu')
const model = openModel(device, writeTinyModel(join(root, 'qwen3'), 'qwen3'), { training: { kind: 'full' } })
afterAll(() => {
  model.free()
  rmSync(root, { recursive: true })
})

/** Any set of the 64 tokens, drawn by what was written; every fourth has one token, some places have none at all. */
function mask(written: readonly number[]): Mask | undefined {
  const key = [written.length, ...written]
  if (uniform(...key, 1) < 0.2) return undefined
  const some = () => Math.floor(uniform(...key, 2) * 64)
  const words = Uint32Array.of(uniform(...key, 3) * 2 ** 32, uniform(...key, 4) * 2 ** 32)
  if (written.length % 4 === 3) words.fill(0)
  words[some() >>> 5]! |= 1 << (some() & 31)
  return words
}

const law = { temperature: 0.8 }
const prompts = [[5, 60, 7, 33], [17], [2, 2, 9]]
const sampling = { ...law, maxNewTokens: 14, eosIds: [0] }
const requests = prompts.map((prompt, n) => ({ prompt, samples: 3, key: [n], within: { mask } }))
const sampled = await generateAll(model, requests, sampling)
const groups: Group[] = sampled.map((all, n) => ({ prompt: prompts[n]!, completions: all.map(({ ids }) => ids) }))
const masks = groups.map(({ completions }) => completions.map((ids) => ids.map((_, t) => mask(ids.slice(0, t)))))
const each = (visit: (n: number, g: number, t: number, mask: Mask | undefined) => void): void =>
  masks.forEach((group, n) => group.forEach((all, g) => all.forEach((mask, t) => visit(n, g, t, mask))))

test('log-probs of sampling and of training agree within masks, and a token that was the only one has 0', () => {
  const { logprobs } = model.forward(groups, { ...law, masks })
  let [worst, only, kept] = [0, 0, 0]
  each((n, g, t, mask) => {
    const now = logprobs[n]![g]![t]!
    worst = Math.max(worst, Math.abs(now - sampled[n]![g]!.logprobs[t]!))
    kept++
    if (mask && [...mask].filter((word) => word !== 0).length === 1 && t % 4 === 3) {
      only++
      expect(now).toBe(0)
    }
  })
  expect(worst).toBeLessThan(1e-4)
  expect(kept).toBeGreaterThan(60)
  expect(only).toBeGreaterThan(10)
})

test('the entropy is that of the masked law, and what the mask leaves is told beside it', () => {
  const { entropies, allowed } = model.forward(groups, { ...law, masks, entropy: true })
  const whole = groups.map(({ prompt, completions }) =>
    completions.map((ids) => model.logits([...prompt, ...ids]).map((logit) => logit / law.temperature)),
  )
  each((n, g, t, mask) => {
    const at = (groups[n]!.prompt.length - 1 + t) * 64
    const logits = [...whole[n]![g]!.slice(at, at + 64)]
    const weights = logits.map((logit) => Math.exp(logit))
    const within = weights.filter((_, id) => !mask || allows(mask, id))
    const [total, left] = [weights, within].map((some) => some.reduce((a, b) => a + b))
    expect(Math.abs(allowed![n]![g]![t]! - Math.log(left! / total!))).toBeLessThan(1e-4)
    const entropy = within.reduce((sum, w) => sum - (w / left!) * Math.log(w / left!), 0)
    expect(Math.abs(entropies![n]![g]![t]! - entropy)).toBeLessThan(1e-4)
  })
})

/** Coefficients that differ from token to token. */
const coefficients: PerToken = groups.map(({ completions }, g) =>
  completions.map((ids, i) => Float32Array.from(ids, (_, t) => Math.sin(1 + 3 * g + 2 * i + t))),
)
const total = ({ logprobs, entropies }: Forward): number => {
  let sum = 0
  each((n, g, t) => (sum += coefficients[n]![g]![t]! * (logprobs[n]![g]![t]! - entropies![n]![g]![t]!)))
  return sum
}
const minus = (values: PerToken): PerToken => values.map((group) => group.map((all) => all.map((value) => -value)))

test('gradients go through masks as finite differences do, tensor by tensor', () => {
  const options = { ...law, masks, entropy: true }
  model.accumulate(groups, options, () => ({ logprobs: coefficients, entropies: minus(coefficients) }))
  const gradients = new Map(model.gradients().map(({ name, value }) => [name, value]))
  model.clearGradients()
  const { updates, tensors } = structuredClone(model.state())
  const step = 5e-3
  tensors.forEach((tensor, n) => {
    const gradient = gradients.get(tensor.name)!
    const size = Math.hypot(...gradient)
    const slope = (direction: Float32Array): number => {
      const at = (by: number) => {
        const value = tensor.value.map((w, i) => w + by * direction[i]!)
        model.restore({ updates, tensors: tensors.with(n, { ...tensor, value }) })
        return total(model.forward(groups, options))
      }
      return (at(step) - at(-step)) / (2 * step)
    }
    const along = gradient.map((g) => g / size)
    const random = Float32Array.from(gradient, (_, i) => normal(n, i))
    const length = Math.hypot(...random)
    const aside = random.map((x) => x / length)
    const share = gradient.reduce((sum, g, i) => sum + g * aside[i]!, 0)
    expect({ name: tensor.name, right: Math.abs(slope(along) / size - 1) < 5e-3 }).toMatchObject({ right: true })
    expect({ name: tensor.name, right: Math.abs(slope(aside) - share) / size < 2e-3 }).toMatchObject({ right: true })
  })
  model.restore({ updates, tensors })
})

test('tokens that were the only ones allowed move nothing', () => {
  const forced = groups.map(({ completions }) =>
    completions.map((ids) => ids.map((id) => Uint32Array.of(id < 32 ? 1 << id : 0, id < 32 ? 0 : 1 << (id - 32)))),
  )
  model.accumulate(groups, { ...law, masks: forced }, ({ logprobs }) => {
    expect(logprobs.flat().every((all) => all.every((value) => value === 0))).toBe(true)
    return { logprobs: coefficients }
  })
  expect(model.gradients().every(({ value }) => value.every((g) => g === 0))).toBe(true)
  model.clearGradients()
})
