// A reference that moves after the policy: part of the way or all of it, with all weights trained or an adapter.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Training } from '../../../src/gpu/policy/parameters.ts'
import { writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-reference-'))
const device = await openDevice('cpu')
const folder = writeTinyModel(join(root, 'model'), 'qwen2')
afterAll(() => rmSync(root, { recursive: true }))

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 }
const groups = [{ prompt: [5, 9, 2], completions: [[1, 2, 3, 4]] }]
const trainings: Record<string, Training> = {
  'all weights': { kind: 'full' },
  'an adapter': { kind: 'lora', rank: 2, alpha: 4, targets: ['q', 'v', 'up'], seed: 1 },
}

describe.each(Object.entries(trainings))('with %s trained', (_, training) => {
  const open = () => openModel(device, folder, { training, reference: true, moving: true })
  const moved = () => {
    const model = open()
    for (let update = 0; update < 2; update++) {
      model.accumulate(groups, { temperature: 1 }, ({ logprobs }) => ({
        logprobs: logprobs.map((group) => group.map((row) => row.map(() => -1))),
      }))
      model.update(adamw)
    }
    return model
  }
  const logprobs = (model: ReturnType<typeof open>, reference: boolean) => [
    ...model.forward(groups, { temperature: 1, reference }).logprobs[0]![0]!,
  ]
  const distance = (a: number[], b: number[]) => Math.max(...a.map((value, t) => Math.abs(value - b[t]!)))

  test('it stays where it began until it is pulled, then is between, and at last where the policy is', () => {
    const model = moved()
    const [policy, start] = [logprobs(model, false), logprobs(model, true)]
    expect(distance(policy, start)).toBeGreaterThan(1e-2)
    model.pullReference(0.5)
    const between = logprobs(model, true)
    expect(distance(between, start)).toBeGreaterThan(1e-3)
    expect(distance(between, policy)).toBeGreaterThan(1e-3)
    model.pullReference(1)
    expect(distance(logprobs(model, true), policy)).toBeLessThan(1e-6)
    expect(logprobs(model, false)).toEqual(policy)
    model.free()
  })

  test('it is part of the state that a later run goes on from', () => {
    const model = moved()
    model.pullReference(0.3)
    const again = open()
    again.restore(model.state())
    expect(logprobs(again, true)).toEqual(logprobs(model, true))
    expect(logprobs(again, false)).toEqual(logprobs(model, false))
    model.free()
    again.free()
  })
})
