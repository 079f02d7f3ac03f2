// Element types by name: what each means on a device, and what is said where a device does not compute in it.
import { expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { float32, precisionOf, type Types } from '../../../src/gpu/device/precision.ts'

const cpu: Types = { floats: ['f32', 'f16'], tf32: false }
const card: Types = { floats: ['bf16', 'f16', 'f32'], tf32: true }

test('auto is what the device prefers, and the softmax over the vocabulary is float32 in all', () => {
  expect(precisionOf('auto', 'cpu', cpu)).toEqual(float32)
  expect(precisionOf('auto', 'cuda:0', card)).toEqual({ weights: 'bf16', compute: 'bf16', reduce: 'f32' })
  expect(precisionOf('f16', 'cpu', cpu)).toEqual({ weights: 'f16', compute: 'f16', reduce: 'f32' })
  expect(precisionOf('tf32', 'cuda:0', card)).toEqual(float32)
})

test('a device refuses what it has no kernels for, and names what it has', () => {
  for (const asked of ['bf16', 'tf32'] as const)
    expect(() => precisionOf(asked, 'cpu', cpu)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(asked), hint: expect.stringContaining('f32 or f16') }),
    )
})

test('a device computes in float32 unless told, and refuses before a model is opened', async () => {
  expect((await openDevice('cpu')).precision).toEqual(float32)
  expect((await openDevice('cpu', { dtype: 'f16' })).precision.compute).toBe('f16')
  expect(openDevice('cpu', { dtype: 'bf16' })).rejects.toThrow('Cannot compute in bf16 on cpu')
})
