// What must hold of the engine whatever the weights: one answer however rows are batched, shared, kept or decoded.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAdapter, saveAdapter } from '../../../src/gpu/weights/adapter.ts'
import { adaptable } from '../../../src/gpu/weights/family.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { ModelOptions } from '../../../src/gpu/policy/trainable.ts'
import type { Sampling } from '../../../src/gpu/policy/law.ts'
import type { Group, PerToken, Policy } from '../../../src/gpu/policy/policy.ts'
import { stream } from '../../../src/rng.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-engine-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 }
const lora = { kind: 'lora', rank: 3, alpha: 6, targets: adaptable, seed: 5 } as const
const free: Sampling = { temperature: 0.9, maxNewTokens: 6, eosIds: [] }

/** Groups of different prompt and completion lengths. */
function someGroups(seed: number, shapes: [prompt: number, ...completions: number[]][]): Group[] {
  const next = stream(seed)
  const ids = (length: number) => Array.from({ length }, () => Math.floor(next() * 64))
  return shapes.map(([prompt, ...completions]) => ({ prompt: ids(prompt), completions: completions.map(ids) }))
}
/** A gradient that differs from token to token. */
const slopes = (groups: readonly Group[]): PerToken =>
  groups.map(({ prompt, completions }) =>
    completions.map((ids, g) => Float32Array.from(ids, (id, t) => Math.sin(id + 3 * t + 5 * g + prompt.length))),
  )
const accumulate = (model: Policy, groups: readonly Group[]) =>
  model.accumulate(groups, { temperature: 0.7 }, () => ({ logprobs: slopes(groups) }))

function expectClose(found: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(want.length)
  const scale = Math.max(...Array.from(want, Math.abs), 1e-6)
  const worst = Math.max(...Array.from(want, (value, i) => Math.abs(value - found[i]!)))
  expect(worst / scale).toBeLessThan(tolerance)
}

describe.each(Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[])('a %s model', (family) => {
  const folder = writeTinyModel(join(root, family), family)
  const open = (options: ModelOptions = {}) => openModel(device, folder, options)

  test('gives completions that share a prompt the log-probs they have alone', () => {
    const model = open()
    const [group] = someGroups(1, [[21, 5, 9, 1]])
    const together = model.forward([group!], { temperature: 0.7, entropy: true })
    group!.completions.forEach((completion, g) => {
      const whole = { prompt: group!.prompt.slice(0, 1), completions: [[...group!.prompt.slice(1), ...completion]] }
      const alone = model.forward([whole], { temperature: 0.7, entropy: true })
      const from = group!.prompt.length - 1
      expectClose(together.logprobs[0]![g]!, alone.logprobs[0]![0]!.slice(from), 1e-5)
      expectClose(together.entropies![0]![g]!, alone.entropies![0]![0]!.slice(from), 1e-5)
    })
    model.free()
  })

  test('adds up the same gradients however groups are cut into passes, kept or computed again', () => {
    const groups = someGroups(2, [
      [4, 3, 7],
      [30, 2, 2, 5],
      [1, 6],
      [150, 140, 3],
    ])
    const gradients = (budget: number, passes: readonly (readonly Group[])[]) => {
      const model = open({ training: { kind: 'full' }, activationBudget: budget })
      for (const pass of passes) accumulate(model, pass)
      const found = model.gradients()
      model.free()
      return found
    }
    const want = gradients(
      0,
      groups.map((group) => [group]),
    )
    for (const found of [gradients(0, [groups]), gradients(2 ** 30, [groups.slice(2), groups.slice(0, 2)])])
      found.forEach(({ value }, i) => expectClose(value, want[i]!.value, 1e-4))
  })

  test('trains adapters as the chain rule says: dA = s·Bᵀ·dW and dB = s·dW·Aᵀ', () => {
    const groups = someGroups(3, [[9, 4, 6]])
    const model = open({ training: lora })
    // A first update moves B off zero, so that A gets a gradient.
    accumulate(model, groups)
    model.update(adamw)
    accumulate(model, groups)
    const merged = join(root, `${family}-merged`)
    const pairs = new Map(model.gradients().map(({ name, value }) => [name, value]))
    const values = new Map(model.state().tensors.map(({ name, value }) => [name, value]))
    return model.save(merged, 'model').then(() => {
      const full = openModel(device, merged, { training: { kind: 'full' } })
      accumulate(full, groups)
      const scale = lora.alpha / lora.rank
      const adapted = full.gradients().filter(({ name }) => pairs.has(name.replace(/weight$/, 'lora_A.weight')))
      expect(adapted).toHaveLength(pairs.size / 2)
      for (const { name, value: dW } of adapted) {
        const module = name.replace(/weight$/, '')
        const [a, b] = [values.get(`${module}lora_A.weight`)!, values.get(`${module}lora_B.weight`)!]
        const [out, inputs] = [b.length / lora.rank, a.length / lora.rank]
        const dA = new Float32Array(a.length)
        const dB = new Float32Array(b.length)
        for (let r = 0; r < lora.rank; r++)
          for (let o = 0; o < out; o++)
            for (let i = 0; i < inputs; i++) {
              dA[r * inputs + i]! += scale * b[o * lora.rank + r]! * dW[o * inputs + i]!
              dB[o * lora.rank + r]! += scale * dW[o * inputs + i]! * a[r * inputs + i]!
            }
        expectClose(pairs.get(`${module}lora_A.weight`)!, dA, 1e-3)
        expectClose(pairs.get(`${module}lora_B.weight`)!, dB, 1e-3)
      }
      full.free()
      model.free()
    })
  })

  test('decodes with the log-probs that training computes, past the first size of its cache', async () => {
    const model = open()
    const prompts = someGroups(4, [[1], [2], [17], [40]]).map(({ prompt }) => prompt)
    const requests = prompts.map((prompt, i) => ({ prompt, samples: 2, key: [7, i] }))
    const completions = await generateAll(model, requests, { ...free, maxNewTokens: 70 })
    const groups = prompts.map((prompt, i) => ({ prompt, completions: completions[i]!.map(({ ids }) => ids) }))
    const { logprobs } = model.forward(groups, { temperature: free.temperature })
    completions.forEach((list, i) =>
      list.forEach((completion, g) => expectClose(completion.logprobs, logprobs[i]![g]!, 1e-4)),
    )
    model.free()
  })
})

describe('generation', () => {
  const folder = writeTinyModel(join(root, 'generation'), 'qwen2')
  const model = openModel(device, folder)
  const [a, b, c] = someGroups(5, [[8], [33], [3]]).map(({ prompt }) => prompt)

  test('draws the same completion whatever else is in the batch', async () => {
    const request = { prompt: a!, samples: 2, key: [1, 2] }
    const [alone] = await generateAll(model, [request], free)
    const [, among] = await generateAll(
      model,
      [{ prompt: b!, samples: 2, key: [1, 3] }, request, { prompt: c!, samples: 4, key: [1, 4] }],
      free,
    )
    expect(among!.map(({ ids }) => ids)).toEqual(alone!.map(({ ids }) => ids))
  })

  test('ends at any of the end ids and says how it ended', async () => {
    const [[open] = []] = await generateAll(model, [{ prompt: a!, samples: 1, key: [1] }], free)
    expect(open!.finish).toBe('length')
    expect(open!.ids.length).toBe(6)
    const [[ended] = []] = await generateAll(model, [{ prompt: a!, samples: 1, key: [1] }], {
      ...free,
      eosIds: [99, open!.ids[2]!],
    })
    expect(ended!.finish).toBe('eos')
    expect(ended!.ids).toEqual(open!.ids.slice(0, open!.ids.indexOf(open!.ids[2]!) + 1))
    const stop = (ids: readonly number[]) => ids.length === 2
    const [[stopped] = []] = await generateAll(model, [{ prompt: a!, samples: 1, key: [1] }], { ...free, stop })
    expect(stopped!.finish).toBe('stop')
    expect(stopped!.ids).toEqual(open!.ids.slice(0, 2))
  })

  test('never repeats a token where the penalty forbids it', async () => {
    const sampling = { ...free, temperature: 0, repetitionPenalty: 1e6, maxNewTokens: 8 }
    const [[completion] = []] = await generateAll(model, [{ prompt: a!, samples: 1, key: [1] }], sampling)
    expect(new Set([...a!, ...completion!.ids]).size).toBe(new Set(a!).size + 8)
  })
})

describe('training state', () => {
  const folder = writeTinyModel(join(root, 'state'), 'qwen2')
  const groups = someGroups(6, [[12, 5, 5]])

  test.each([{ kind: 'full' } as const, lora])('goes on to the last bit after it was restored ($kind)', (training) => {
    const step = (model: Policy) => {
      accumulate(model, groups)
      model.update(adamw)
    }
    const straight = openModel(device, folder, { training })
    step(straight)
    const saved = structuredClone(straight.state())
    step(straight)
    const resumed = openModel(device, folder, { training })
    resumed.restore(saved)
    step(resumed)
    expect(structuredClone(resumed.state())).toEqual(structuredClone(straight.state()))
    expect(resumed.logits([1, 2, 3])).toEqual(straight.logits([1, 2, 3]))
  })

  test('is refused where it holds other tensors than are trained, or not all of them', () => {
    const narrow = openModel(device, folder, { training: { ...lora, targets: ['q'] } })
    const wide = openModel(device, folder, { training: { ...lora, targets: ['q', 'k'] } })
    expect(() => wide.restore(narrow.state())).toThrow(/k_proj.*is trained here and not in the checkpoint/)
    expect(() => narrow.restore(wide.state())).toThrow(/k_proj.*is not trained here/)
  })

  test('names the tensor whose gradient is not a number, until the gradients are forgotten', () => {
    const model = openModel(device, folder, { training: { kind: 'full' } })
    const [group] = someGroups(9, [[5, 3]])
    expect(model.unsoundGradient()).toBeUndefined()
    model.accumulate([group!], { temperature: 1 }, () => ({ logprobs: [[Float32Array.of(1, NaN, 1)]] }))
    expect(model.gradients().map(({ name }) => name)).toContain(model.unsoundGradient()!)
    model.clearGradients()
    expect(model.unsoundGradient()).toBeUndefined()
    model.free()
  })

  test('leaves everything as it was where the gradient is not a number', () => {
    const model = openModel(device, folder, { training: { kind: 'full' } })
    const before = structuredClone(model.state())
    model.accumulate(groups, { temperature: 1 }, ({ logprobs }) => ({
      logprobs: logprobs.map((group) => group.map((tokens) => tokens.map(() => NaN))),
    }))
    expect(model.update(adamw).gradNorm).toBeNaN()
    expect(structuredClone(model.state())).toEqual(before)
    model.clearGradients()
    accumulate(model, groups)
    expect(model.update(adamw).gradNorm).toBeGreaterThan(0)
  })

  test('keeps the reference where it was while the policy moves', () => {
    for (const training of [{ kind: 'full' } as const, lora]) {
      const model = openModel(device, folder, { training, reference: true })
      const options = { temperature: 1 }
      const before = model.forward(groups, options).logprobs
      accumulate(model, groups)
      model.update(adamw)
      expect(model.forward(groups, { ...options, reference: true }).logprobs).toEqual(before)
      expect(model.forward(groups, options).logprobs).not.toEqual(before)
      model.free()
    }
  })

  test('is saved as an adapter that loads to the same model', async () => {
    const model = openModel(device, folder, { training: lora })
    accumulate(model, groups)
    model.update(adamw)
    const adapter = join(root, 'adapter')
    await model.save(adapter, 'adapter')
    const loaded = openModel(device, folder, { adapter })
    expectClose(loaded.logits([3, 1, 4, 1, 5]), model.logits([3, 1, 4, 1, 5]), 1e-6)
  })

  test('of an adapter on some layers alone is trained as where the others adapt nothing', async () => {
    const model = openModel(device, folder, { training: lora })
    accumulate(model, groups)
    model.update(adamw)
    const saved = join(root, 'every-layer')
    await model.save(saved, 'adapter')
    const adapter = loadAdapter(saved, model.config)
    const isFirst = (name: string) => name.includes('layers.0.')
    const still = [...adapter.pairs].map(
      ([name, { a, b }]) => [name, { a, b: isFirst(name) ? b.map(() => 0) : b }] as const,
    )
    const found = [still, still.filter(([name]) => !isFirst(name))].map((pairs, i) => {
      const dir = join(root, `layers-${i}`)
      saveAdapter(dir, { ...adapter, pairs: new Map(pairs) }, { config: model.config, base: folder })
      const trained = openModel(device, folder, { training: lora, adapter: dir })
      accumulate(trained, groups)
      return trained.gradients().filter(({ name }) => !isFirst(name))
    })
    expect(found[1]!.length).toBe(2 * adaptable.length)
    expect(found[1]).toEqual(found[0]!)
  })
})
