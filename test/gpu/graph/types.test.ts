// Element types follow from what an operation is given.
import { describe, expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { programsOn } from '../../../src/gpu/device/programs.ts'
import { decode, encode, type Float } from '../../../src/gpu/graph/float.ts'
import { gradients } from '../../../src/gpu/graph/grad.ts'
import { cast, cut, input, op } from '../../../src/gpu/graph/graph.ts'

test('a value of one float type and a value of another do not meet', () => {
  expect(() => op('Add', [input('f16', [2]), input('f32', [2])])).toThrow('Add: f16 and f32 do not meet')
  expect(() => op('FusedMatMul', [input('bf16', [2, 3]), input('f32', [3, 2])], {})).toThrow('FusedMatMul')
})

test('a value that has the type already is not cast', () => {
  const x = input('bf16', [2])
  expect(cast(x, 'bf16')).toBe(x)
  expect(cast(x, 'f32').dtype).toBe('f32')
})

describe.each(['f32', 'f16', 'bf16'] as const)('in %s', (dtype) => {
  test('numbers and gradients have the type of what they meet', () => {
    const x = input(dtype, [2, 3])
    const y = op('Mul', [op('Add', [x, 1]), 0.5])
    expect(y.node!.inputs[1]!.dtype).toBe(dtype)
    const [dx] = gradients(new Map([[y, input(dtype, [2, 3])]]), [x])
    expect(dx!.dtype).toBe(dtype)
  })

  test('a cast passes its gradient back in the type that it read', () => {
    const x = input(dtype, [2])
    const [dx] = gradients(new Map([[op('Exp', [cast(x, 'f32')]), input('f32', [2])]]), [x])
    expect(dx!.dtype).toBe(dtype)
  })

  test('values are held rounded to the nearest', () => {
    const [exact, rounded] = [
      Float32Array.of(0, -1.5, 1024, 2 ** -14),
      decode(dtype, encode(dtype, Float32Array.of(1 / 3))),
    ]
    expect(decode(dtype, encode(dtype, exact))).toEqual(exact)
    const ulp: Record<Float, number> = { f32: 2 ** -25, f16: 2 ** -12, bf16: 2 ** -9 }
    expect(Math.abs(rounded[0]! - 1 / 3)).toBeLessThanOrEqual(ulp[dtype] / 2)
  })
})

test('a constant is written in its type', async () => {
  const device = await openDevice('cpu')
  const programs = programsOn(device)
  const x = input('f16', [3])
  const [from, to] = [device.alloc('f16', [3]), device.alloc('f16', [3])]
  device.upload(from, encode('f16', Float32Array.of(1, -2, 0.5)))
  programs.run('shift', () => cut('shift', { x }, { y: op('Add', [x, 0.25]) }), { x: from }, { y: to })
  expect(decode('f16', device.download(to))).toEqual(Float32Array.of(1.25, -1.75, 0.75))
  programs.free()
})
