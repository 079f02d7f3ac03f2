// Every gradient rule of the op table against finite differences, by one loop over the table.
import { describe, expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import type { Attributes, Value, Op, OpName } from '../../../src/gpu/graph/value.ts'
import { cast, constant, cut, input, op, opAll } from '../../../src/gpu/graph/graph.ts'
import { gradients } from '../../../src/gpu/graph/grad.ts'
import { toOnnx } from '../../../src/gpu/graph/onnx.ts'
import { ops } from '../../../src/gpu/graph/ops.ts'
import { elements } from '../../../src/gpu/graph/shape.ts'
import { dtypes } from '../../../src/gpu/graph/tensor.ts'
import { uniform } from '../../../src/rng.ts'

/** Operands by shape; a number list stands for float32 values drawn from `range`, a Value for a constant that gets no gradient. */
interface Case {
  shapes: (readonly number[] | Value)[]
  attributes?: Attributes
  range?: [number, number]
}

const positive: [number, number] = [0.5, 2]
const index = (values: number[], shape: number[]) => constant(BigInt64Array.from(values, BigInt), shape, 'i64')
/** A float32 operand that is bound when the graph runs but gets no gradient. */
const given = (data: Float32Array<ArrayBuffer>, shape: number[]) => {
  const value = input('f32', shape)
  bound.set(value, data)
  return value
}
const bound = new Map<Value, Float32Array<ArrayBuffer>>()
const angles = Float32Array.from({ length: 3 * 8 }, (_, i) => 0.3 * i)

const cases: Partial<Record<OpName, Case[]>> = {
  Add: [
    { shapes: [[2, 3], [3]] },
    {
      shapes: [
        [2, 1, 3],
        [4, 1],
      ],
    },
  ],
  Sub: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
    },
  ],
  Mul: [
    {
      shapes: [
        [2, 3],
        [2, 3],
      ],
    },
    { shapes: [[3], [2, 3]] },
  ],
  Div: [{ shapes: [[2, 3], [3]], range: positive }],
  Neg: [{ shapes: [[2, 3]] }],
  Exp: [{ shapes: [[2, 3]] }],
  Log: [{ shapes: [[2, 3]], range: positive }],
  Sqrt: [{ shapes: [[2, 3]], range: positive }],
  Sigmoid: [{ shapes: [[2, 3]] }],
  Identity: [{ shapes: [[2, 3]] }],
  Cast: [{ shapes: [[2, 3]], attributes: { to: dtypes.f64.code } }],
  Sum: [{ shapes: [[2, 3], [3], [2, 1]] }],
  QuickGelu: [{ shapes: [[2, 3]], attributes: { alpha: 1 } }],
  FusedMatMul: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
      attributes: { alpha: 0.5 },
    },
    {
      shapes: [
        [3, 2],
        [3, 4],
      ],
      attributes: { transA: 1, alpha: 2 },
    },
    {
      shapes: [
        [2, 3],
        [4, 3],
      ],
      attributes: { transB: 1, alpha: 1 },
    },
    {
      shapes: [
        [3, 2],
        [4, 3],
      ],
      attributes: { transA: 1, transB: 1, alpha: 1 },
    },
    {
      shapes: [
        [5, 2, 3],
        [1, 4, 3],
      ],
      attributes: { transB: 1, alpha: 1 },
    },
  ],
  Gemm: [
    {
      shapes: [
        [2, 3],
        [3, 4],
        [2, 4],
      ],
      attributes: { alpha: 0.5, beta: 1 },
    },
    { shapes: [[3, 2], [4, 3], [4]], attributes: { transA: 1, transB: 1, alpha: 1, beta: 1 } },
  ],
  ReduceSum: [
    { shapes: [[2, 3, 4]], attributes: { axes: [1], keepdims: 0 } },
    { shapes: [[2, 3]], attributes: { axes: [-1], keepdims: 1 } },
  ],
  ReduceMean: [{ shapes: [[2, 3, 4]], attributes: { axes: [0, 1], keepdims: 0 } }],
  Softmax: [{ shapes: [[2, 5]], attributes: { axis: -1 } }],
  LogSoftmax: [{ shapes: [[2, 5]], attributes: { axis: -1 } }],
  SimplifiedLayerNormalization: [{ shapes: [[3, 4], [4]], attributes: { axis: -1, epsilon: 1e-5, stash_type: 1 } }],
  RotaryEmbedding: [
    { shapes: [[1, 3, 16], index([0], [1]), given(angles.map(Math.cos), [3, 8]), given(angles.map(Math.sin), [3, 8])] },
  ],
  Reshape: [{ shapes: [[2, 6]], attributes: { shape: [3, 4] } }],
  Transpose: [{ shapes: [[2, 3, 4]], attributes: { perm: [2, 0, 1] } }],
  Concat: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      attributes: { axis: 1 },
    },
  ],
  Split: [{ shapes: [[2, 5]], attributes: { axis: 1, split: [2, 3] } }],
  Slice: [{ shapes: [[4, 5]], attributes: { starts: [1, 0], ends: [3, 4], axes: [0, 1] } }],
  Pad: [{ shapes: [[2, 3]], attributes: { pads: [1, 0, 0, 2] } }],
  Expand: [{ shapes: [[2, 1]], attributes: { shape: [3, 2, 4] } }],
  Gather: [{ shapes: [[4, 3], index([2, 0, 2], [3])] }],
  GatherElements: [{ shapes: [[2, 4], index([3, 1, 0, 0], [2, 2])], attributes: { axis: 1 } }],
  ScatterElements: [
    { shapes: [[4, 2], index([1, 1, 3, 1, 1, 0], [3, 2]), [3, 2]], attributes: { axis: 0, reduction: 'add' } },
  ],
}

const device = await openDevice('cpu')
const draw = (count: number, ...key: number[]): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => uniform(...key, i) - 0.5)

/** loss = Σ outputs[0]∘weights, evaluated by ONNX Runtime for the given operand values. */
function run(
  outputs: Record<string, Value>,
  inputs: Record<string, Value>,
  values: Record<string, Float32Array<ArrayBuffer>>,
) {
  const graph = cut('case', inputs, outputs)
  const session = device.compile(toOnnx(graph), 'case')
  const binding = session.bind()
  const evaluate = (change: Record<string, Float32Array<ArrayBuffer>> = {}) => {
    for (const [name, value] of Object.entries(graph.inputs)) {
      const tensor = device.alloc('f32', value.shape.map(Number))
      device.upload(tensor, change[name] ?? values[name]!)
      binding.input(name, tensor)
    }
    const results = Object.entries(outputs).map(([name, value]) => {
      const tensor = device.alloc('f32', value.shape.map(Number))
      binding.output(name, tensor)
      return tensor
    })
    binding.run()
    return results.map((tensor) => device.download(tensor).slice())
  }
  return evaluate
}

describe('each gradient rule agrees with central finite differences', () => {
  for (const [name, row] of Object.entries<Op>(ops)) {
    if (row.grad === undefined) continue
    const list = cases[name as OpName]
    test(`${name} has a case`, () => expect(list?.length ?? 0).toBeGreaterThan(0))
    list?.forEach(({ shapes, attributes = {}, range = [-1, 1] }, number) => {
      test(`${name} ${number}`, () => {
        const operands = shapes.map((shape) => ('dtype' in shape ? shape : input('f32', shape)))
        const inputs = Object.fromEntries(operands.flatMap((v, i) => (v.constant ? [] : [[`x${i}`, v]])))
        const results = opAll(name as OpName, operands, attributes)
        const differentiable = name === 'SimplifiedLayerNormalization' ? results.slice(0, 1) : results
        const terms = differentiable.map((y, k) => {
          const w = given(draw(elements(y.shape), 2, k), y.shape.map(Number))
          inputs[`w${k}`] = w
          return {
            y,
            w,
            sum: op('ReduceSum', [op('Mul', [cast(y, w.dtype), w])], {
              axes: y.shape.map((_, axis) => axis),
              keepdims: 0,
            }),
          }
        })
        const loss = op('Sum', [0, ...terms.map(({ sum }) => sum)])
        const values = Object.fromEntries(
          Object.entries(inputs).map(([key, value], i) => [
            key,
            bound.get(value) ??
              draw(elements(value.shape), 1, i).map((x) => range[0] + (range[1] - range[0]) * (x + 0.5)),
          ]),
        )
        const free = Object.keys(inputs).filter((key) => !bound.has(inputs[key]!))
        const wrt = free.map((key) => inputs[key]!)
        const found = gradients(new Map(terms.map(({ y, w }) => [y, cast(w, y.dtype)])), wrt)
        const exact = run(Object.fromEntries(found.map((g, i) => [`d${i}`, g!])), inputs, values)()
        const lossOf = run({ loss }, inputs, values)
        free.forEach((key, i) => {
          const step = 1e-2
          const numeric = values[key]!.map((_, j) => {
            const moved = (by: number) => lossOf({ [key]: values[key]!.map((x, k) => (k === j ? x + by : x)) })[0]![0]!
            return (moved(step) - moved(-step)) / (2 * step)
          })
          const scale = Math.max(...numeric.map(Math.abs), 1e-3)
          numeric.forEach((value, j) => expect(Math.abs(value - exact[i]![j]!) / scale).toBeLessThan(2e-3))
        })
      })
    })
  }
})
