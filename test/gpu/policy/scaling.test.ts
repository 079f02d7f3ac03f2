// The loss is scaled where gradients are computed in float16, and a gradient that overflows costs one update.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import type { Float } from '../../../src/gpu/graph/float.ts'
import { type Model, openModel } from '../../../src/gpu/policy/model.ts'
import type { Training } from '../../../src/gpu/policy/parameters.ts'
import { firstScaling, scaledOn } from '../../../src/gpu/policy/scaling.ts'
import { adaptable } from '../../../src/gpu/weights/family.ts'
import { latestCheckpoint, saveCheckpoint } from '../../../src/job/train/checkpoint.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-scaling-'))
afterAll(() => rmSync(root, { recursive: true }))
const device = await openDevice('cpu')
const folder = writeTinyModel(join(root, 'model'), 'qwen2')
const adamw = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 }
const lora: Training = { kind: 'lora', rank: 2, alpha: 4, targets: adaptable, seed: 0 }
const groups = [{ prompt: [1, 2, 3, 4], completions: [[5, 6, 7], [8]] }]

const open = (dtype: Float, training: Training = { kind: 'full' }): Model =>
  openModel(device, folder, { training, precision: { weights: dtype, compute: dtype, reduce: 'f32' } })

/** Adds the gradient of a loss with slopes of such a size. */
const accumulate = (model: Model, size: number) =>
  model.accumulate(groups, { temperature: 1 }, ({ logprobs }) => ({
    logprobs: logprobs.map((group) => group.map((row) => row.map((_, t) => size * Math.cos(t)))),
  }))

const copyOf = (model: Model) =>
  model.state().tensors.map(({ value, moment1, moment2 }) => [value, moment1, moment2].map((each) => each.slice()))

test.each([
  ['all weights', { kind: 'full' } as const],
  ['an adapter', lora],
] as const)('gradients too small for float16 point where those of float32 do, training %s', (_, training) => {
  const [want, found] = (['f32', 'f16'] as const).map((dtype) => {
    const model = open(dtype, training)
    // The second of an adapter's pair starts at zero.
    accumulate(model, 0.01)
    model.update(adamw)
    accumulate(model, 1e-7)
    const gradients = model.gradients()
    model.free()
    return gradients
  })
  for (const [i, { value }] of want!.entries()) expect(cosine(value, found![i]!.value)).toBeGreaterThan(0.99)
})

test('a gradient that overflows changes nothing but the scale, which halves', () => {
  const model = open('f16')
  accumulate(model, 0.01)
  const { gradNorm, scaling } = model.update(adamw)
  expect(gradNorm).toBeGreaterThan(0)
  expect(scaling).toEqual({ scale: 65_536, skipped: false })
  const before = copyOf(model)
  accumulate(model, 100)
  const { scaling: after } = model.update(adamw)
  expect(after).toEqual({ scale: 65_536, skipped: true })
  expect(copyOf(model)).toEqual(before)
  expect(model.state()).toMatchObject({ updates: 1, scaling: { scale: 32_768, good: 0 } })
  expect(model.gradients().every(({ value }) => value.every((slope) => slope === 0))).toBe(true)
  // The next one is made as if nothing had been.
  accumulate(model, 0.01)
  expect(model.update(adamw).scaling).toEqual({ scale: 32_768, skipped: false })
  model.free()
})

test('a gradient that overflows whatever the scale is an error as before', () => {
  const model = open('f16')
  const nothing = () => {
    accumulate(model, NaN)
    return model.update(adamw)
  }
  for (let scale = 65_536; scale > 1; scale /= 2) expect(nothing().scaling).toEqual({ scale, skipped: true })
  expect(nothing()).toEqual({ gradNorm: NaN })
  expect(model.unsoundGradient()).toBeDefined()
  model.free()
})

test('a gradient in float32 has no scale', () => {
  const model = open('f32')
  accumulate(model, 0.01)
  expect(model.update(adamw).scaling).toBeUndefined()
  expect(model.state().scaling).toBeUndefined()
  model.free()
})

test('the scale doubles after two thousand updates without an overflow', () => {
  let scaling = firstScaling()
  for (let update = 1; update < 2000; update++) scaling = scaledOn(scaling, false)
  expect(scaling.scale).toBe(65_536)
  expect(scaledOn(scaling, false)).toEqual({ scale: 131_072, good: 0 })
  expect(scaledOn(scaling, true)).toEqual({ scale: 32_768, good: 0 })
})

test('what goes on from a checkpoint has the scale that it had, and makes the same updates to the bit', () => {
  const [whole, stopped, resumed] = [open('f16'), open('f16'), open('f16')]
  const learn = (model: Model, sizes: readonly number[]) => {
    for (const size of sizes) {
      accumulate(model, size)
      model.update(adamw)
    }
  }
  learn(whole, [0.01, 1.5, 0.005, 0.003])
  learn(stopped, [0.01, 1.5])
  const counts = { step: 2, position: 0, tokens: 0, run: 'r', made: {} }
  saveCheckpoint(join(root, 'run'), { ...counts, policy: stopped.state() }, 1)
  resumed.restore(latestCheckpoint(join(root, 'run'), 'r')!.checkpoint.policy)
  expect(resumed.state().scaling).toEqual({ scale: 32_768, good: 0 })
  learn(resumed, [0.005, 0.003])
  expect(copyOf(resumed)).toEqual(copyOf(whole))
  expect(resumed.state().scaling).toEqual(whole.state().scaling!)
  for (const model of [whole, stopped, resumed]) model.free()
})

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
