// The gradient through entropies, of every weight, against finite differences of the entropies themselves.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Forward, Group, PerToken } from '../../../src/gpu/policy/policy.ts'
import { normal } from '../../../src/rng.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-entropy-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

const groups: Group[] = [
  { prompt: [5, 60, 7, 33], completions: [[12, 3, 44], [3, 9], [61]] },
  { prompt: [17], completions: [[2, 2, 50, 8, 31]] },
]
const STEP = 5e-3
const options = { temperature: 0.7, entropy: true }
/** Coefficients that differ from token to token. */
const coefficients: PerToken = groups.map(({ completions }, g) =>
  completions.map((ids, i) => Float32Array.from(ids, (_, t) => Math.sin(1 + 3 * g + 2 * i + t))),
)
/** Σ coefficient · entropy, in float64. */
const total = ({ entropies }: Forward): number =>
  coefficients
    .flatMap((group, g) => group.map((tokens, i) => tokens.reduce((sum, c, t) => sum + c * entropies![g]![i]![t]!, 0)))
    .reduce((a, b) => a + b)

test.each(Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[])(
  'the entropies of a %s model have the gradient of their finite differences, tensor by tensor',
  (family) => {
    const model = openModel(device, writeTinyModel(join(root, family), family), { training: { kind: 'full' } })
    model.accumulate(groups, options, ({ logprobs }) => ({
      logprobs: logprobs.map((group) => group.map((tokens) => tokens.map(() => 0))),
      entropies: coefficients,
    }))
    const gradients = new Map(model.gradients().map(({ name, value }) => [name, value]))
    const { updates, tensors } = structuredClone(model.state())
    tensors.forEach((tensor, n) => {
      const gradient = gradients.get(tensor.name)!
      const size = norm(gradient)
      /** Slope of the sum along a direction of length 1, from both sides. */
      const slope = (direction: Float32Array) => {
        const at = (step: number) => {
          const value = tensor.value.map((w, i) => w + step * direction[i]!)
          model.restore({ updates, tensors: tensors.with(n, { ...tensor, value }) })
          return total(model.forward(groups, options))
        }
        return (at(STEP) - at(-STEP)) / (2 * STEP)
      }
      // Along the gradient the slope is its length; along any other direction its share of that.
      const along = unit(gradient)
      const aside = unit(Float32Array.from(gradient, (_, i) => normal(n, i)))
      const share = gradient.reduce((sum, g, i) => sum + g * aside[i]!, 0)
      expect({ name: tensor.name, right: Math.abs(slope(along) / size - 1) < 5e-3 }).toMatchObject({ right: true })
      expect({ name: tensor.name, right: Math.abs(slope(aside) - share) / size < 1e-3 }).toMatchObject({ right: true })
    })
    model.free()
  },
)

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0))
}

function unit(values: Float32Array): Float32Array {
  const length = norm(values)
  return values.map((x) => x / length)
}
