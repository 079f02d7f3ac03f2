// Training on what generation computed: the same log-probs and gradients as a forward pass gives, and only while it is true.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { openModel, type Model } from '../../../src/gpu/policy/model.ts'
import type { ModelOptions } from '../../../src/gpu/policy/trainable.ts'
import type { Group, PerToken } from '../../../src/gpu/policy/policy.ts'
import { adaptable } from '../../../src/gpu/weights/family.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-trace-'))
afterAll(() => rmSync(root, { recursive: true }))
const device = await openDevice('cpu')
const families = Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[]
const trainings: Record<string, ModelOptions> = {
  'all weights': { training: { kind: 'full' } },
  LoRA: { training: { kind: 'lora', rank: 4, alpha: 8, targets: adaptable, seed: 0 } },
}
const adamw = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: Infinity }
/** Of several lengths; two begin alike, so that what is computed of one serves the other. */
const long = Array.from({ length: 40 }, (_, i) => (7 * i) % 64)
const prompts = [[...long, 1, 2, 3], [...long, 4], [5], [6, 7, 8, 9, 10]]

/** Completions of all prompts, which end anywhere; `traced` is how many tokens there is room for. */
async function sampled(model: Model, traced: number | undefined, samples = 3): Promise<Group[]> {
  const requests = prompts.map((prompt, i) => ({ prompt, samples, key: [i] }))
  const eosIds = [3, 11, 20, 33]
  const written = await generateAll(model, requests, { temperature: 1, maxNewTokens: 17, eosIds }, { traced })
  return written.map((completions, i) => ({ prompt: prompts[i]!, completions: completions.map(({ ids }) => ids) }))
}

/** The same groups, whose ids are arrays that nobody has seen. */
const unknown = (groups: readonly Group[]): Group[] =>
  groups.map(({ prompt, completions }) => ({ prompt, completions: completions.map((ids) => [...ids]) }))

function learnt(model: Model, groups: readonly Group[]) {
  let logprobs: PerToken = []
  const before = device.counters.runs
  model.accumulate(groups, { temperature: 1, entropy: true }, (forward) => {
    logprobs = forward.logprobs
    const slopes = (f: (t: number) => number) =>
      forward.logprobs.map((group) => group.map((row) => row.map((_, t) => f(t))))
    return { logprobs: slopes(Math.sin), entropies: slopes(() => 0.1) }
  })
  const runs = device.counters.runs - before
  const gradients = model.gradients()
  model.clearGradients()
  return { logprobs: logprobs.flat(), gradients, runs }
}

function expectAlike(found: ReturnType<typeof learnt>, want: ReturnType<typeof learnt>): void {
  const apart = (a: Float32Array, b: Float32Array) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)
  want.logprobs.forEach((row, i) => expect(apart(found.logprobs[i]!, row)).toBeLessThan(1e-4))
  want.gradients.forEach(({ name, value }, i) => {
    const largest = value.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    expect({ name, ok: apart(found.gradients[i]!.value, value) <= 1e-4 * largest }).toEqual({ name, ok: true })
  })
}

describe.each(Object.entries(trainings))('training %s', (_, options) => {
  test.each(families)('on what sampling computed gives what a forward pass gives: %s', async (family) => {
    const model = openModel(device, writeTinyModel(join(root, family), family), options)
    for (const samples of [1, 3]) {
      const groups = await sampled(model, 1000, samples)
      const recalled = learnt(model, groups)
      const computed = learnt(model, unknown(groups))
      expectAlike(recalled, computed)
      expect(recalled.runs).not.toBe(computed.runs)
    }
    model.free()
  })
})

test('a trace is no more used after an update, where it had no room, and where none was asked for', async () => {
  const model = openModel(device, writeTinyModel(join(root, 'qwen3'), 'qwen3'), trainings['LoRA'])
  const groups = await sampled(model, 1000)
  const { runs } = learnt(model, unknown(groups))
  expect(learnt(model, groups).runs).not.toBe(runs)
  learnt(model, groups)
  model.accumulate(groups, { temperature: 1 }, ({ logprobs }) => ({ logprobs }))
  model.update(adamw)
  expectAlike(learnt(model, groups), learnt(model, unknown(groups)))
  expect(learnt(model, groups).runs).toBe(runs)
  for (const traced of [20, undefined]) {
    const others = await sampled(model, traced)
    expect(learnt(model, others).runs).toBe(learnt(model, unknown(others)).runs)
  }
  model.free()
})

test('a trace beyond what may be kept is not begun', async () => {
  const folder = writeTinyModel(join(root, 'qwen3'), 'qwen3')
  const model = openModel(device, folder, { ...trainings['LoRA'], activationBudget: 0 })
  const groups = await sampled(model, 1000)
  expect(learnt(model, groups).runs).toBe(learnt(model, unknown(groups)).runs)
  model.free()
})
