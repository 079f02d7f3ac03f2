// Frequencies of rotary positions as transformers has them.
import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { amplitude, inverseFrequencies, scalingKinds } from '../../../src/gpu/weights/rope.ts'

const yarn = (more: object = {}) =>
  v.parse(scalingKinds['yarn']!.schema, { factor: 4, original_max_position_embeddings: 128, ...more })

test('YaRN keeps pairs that turn often, stretches those that seldom do, and scales the rest between', () => {
  const rope = { theta: 1_000_000, scaling: yarn() }
  // transformers' inv_freq and attention_factor of this configuration.
  const want = [
    1, 0.11114246398210526, 0.007905694656074047, 0.0014058533124625683, 0.0002500000118743628, 4.4456985051510856e-5,
    7.905693564680405e-6, 1.405853367941745e-6,
  ]
  inverseFrequencies(rope, 16).forEach((value, pair) => expect(Math.abs(value / want[pair]! - 1)).toBeLessThan(1e-6))
  expect(amplitude(rope)).toBeCloseTo(1.138629436111989, 12)
  expect(amplitude({ ...rope, scaling: yarn({ attention_factor: 1.5 }) })).toBe(1.5)
})

test('what YaRN may be asked for and is not supported is refused', () => {
  expect(v.safeParse(scalingKinds['yarn']!.schema, { factor: 4 }).success).toBe(false)
  expect(() => yarn({ mscale: 0.7 })).toThrow('mscale is not supported')
})
