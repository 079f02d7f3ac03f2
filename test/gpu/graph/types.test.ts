// Element types follow from what an operation is given.
import { describe, expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { programsOn } from '../../../src/gpu/device/programs.ts'
import { setValues, valuesOf } from '../../../src/gpu/device/values.ts'
import { decode, encode, type Float } from '../../../src/gpu/graph/float.ts'
import { gradients } from '../../../src/gpu/graph/grad.ts'
import { cast, type Cut, cut, input, op } from '../../../src/gpu/graph/graph.ts'
import type { Value } from '../../../src/gpu/graph/value.ts'

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

test('the gradient of a slice lies among zeros, in the type that is not padded as in the others', async () => {
  const device = await openDevice('cpu')
  const programs = programsOn(device)
  for (const dtype of ['f32', 'bf16'] as const) {
    const x = input(dtype, [4, 3])
    const dy = input(dtype, [2, 2])
    const y = op('Slice', [x], { starts: [1, 0], ends: [3, 2], axes: [0, 1] })
    const [dx] = gradients(new Map([[y, dy]]), [x])
    expect(dx!.dtype).toBe(dtype)
    const [from, to] = [device.alloc('f32', [2, 2]), device.alloc('f32', [4, 3])]
    setValues(from, Float32Array.of(1, 2, 3, 4))
    programs.run(dtype, () => inFloat32(cut('slice', { dy }, { dx: dx! })), { dy: from }, { dx: to })
    expect([...valuesOf(to)]).toEqual([0, 0, 0, 1, 2, 0, 3, 4, 0, 0, 0, 0])
  }
  programs.free()
})

/** The same graph in the type that the CPU computes. */
function inFloat32(graph: Cut): Cut {
  const known = new Map<Value, Value>()
  const value = (old: Value): Value => {
    if (!known.has(old)) known.set(old, { ...old, dtype: old.dtype === 'i64' ? 'i64' : 'f32' })
    return known.get(old)!
  }
  const named = (values: Cut['inputs']) => Object.fromEntries(Object.entries(values).map(([k, v]) => [k, value(v)]))
  return {
    name: graph.name,
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(value), outputs: node.outputs.map(value) })),
    constants: graph.constants.map(value),
  }
}

test('a constant is written in its type', async () => {
  const device = await openDevice('cpu')
  const programs = programsOn(device)
  const x = input('f16', [3])
  const [from, to] = [device.alloc('f16', [3]), device.alloc('f16', [3])]
  setValues(from, Float32Array.of(1, -2, 0.5))
  programs.run('shift', () => cut('shift', { x }, { y: op('Add', [x, 0.25]) }), { x: from }, { y: to })
  expect([...valuesOf(to)]).toEqual([1.25, -1.75, 0.75])
  programs.free()
})
