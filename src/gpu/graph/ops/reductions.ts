// Reductions along axes, and the normalisations made of them.
import type { Attributes, Op, OpName, Type, Value } from '../value.ts'
import { cast, op } from '../node.ts'
import { axesOf, fixed, reducedShape, replaceAxis, sameShape } from '../shape.ts'
import { unary } from './elementwise.ts'
import { unbroadcast } from './sums.ts'

export const reductions = {
  ReduceSum: {
    operands: ['axes'],
    infer: ([x], attributes) => [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }],
    grad: ({ inputs: [x], attributes, dy }) => [spread(dy, x!, attributes)],
  },
  /** Opset 18 takes the axes as an operand. */
  ReduceMean: {
    operands: ['axes'],
    infer: ([x], attributes) => [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }],
    grad: ({ inputs: [x], attributes, dy }) => {
      const count = axesOf(attributes, x!.shape.length).reduce((n, axis) => n * fixed(x!.shape[axis]), 1)
      return [spread(op('Mul', [dy, 1 / count]), x!, attributes)]
    },
  },
  /** Index of the largest along an axis, the first of equals. */
  ArgMax: {
    infer: ([x], { axis, keepdims }) => [
      { dtype: 'i64', shape: reducedShape(x!, { axes: [Number(axis)], keepdims: Number(keepdims) }) },
    ],
  },
  /** The k largest along an axis and their indices, of equals the first. */
  TopK: {
    operands: ['k'],
    infer: ([x], { axis, k }) => {
      const shape = replaceAxis(x!.shape, Number(axis), (k as readonly number[])[0]!)
      return [
        { dtype: x!.dtype, shape },
        { dtype: 'i64', shape },
      ]
    },
  },
  CumSum: { operands: ['axis'], infer: ([x]) => [x!] },
  // dS = p∘(dP − Σ p∘dP)
  Softmax: unary(({ outputs: [p], attributes, dy }) => {
    const inner = op('ReduceSum', [op('Mul', [p!, dy])], { axes: [Number(attributes['axis'])], keepdims: 1 })
    return [op('Mul', [p!, op('Sub', [dy, inner])])]
  }),
  // dx = dy − softmax(x)·Σ dy
  LogSoftmax: unary(({ outputs: [y], attributes, dy }) => {
    const total = op('ReduceSum', [dy], { axes: [Number(attributes['axis'])], keepdims: 1 })
    return [op('Sub', [dy, op('Mul', [op('Exp', [y!]), total])])]
  }),
  /**
   * RMSNorm over the last axis: y = x·r·g with r = 1/√(mean x² + ε), which is the second output, in float32.
   * dx = r·n − x·r³·mean(n∘x) with n = dy∘g; dg = Σ dy∘x·r, all in the type of r: r³ is beyond float16.
   */
  SimplifiedLayerNormalization: {
    floats: ['epsilon'],
    infer: ([x]) => [x!, { dtype: 'f32', shape: replaceAxis(x!.shape, x!.shape.length - 1, 1) }],
    grad: ({ inputs, outputs: [, r], dy: arrived, gradients }) => {
      if (gradients[1]) throw new Error('SimplifiedLayerNormalization: no gradient through its second output')
      const [x, g, dy] = [inputs[0]!, inputs[1]!, arrived].map((value) => cast(value, r!.dtype))
      const n = op('Mul', [dy!, g!])
      const mean = op('ReduceMean', [op('Mul', [n, x!])], { axes: [-1], keepdims: 1 })
      const cube = op('Mul', [op('Mul', [r!, r!]), r!])
      const dx = op('Sub', [op('Mul', [n, r!]), op('Mul', [x!, op('Mul', [mean, cube])])])
      const dg = unbroadcast(op('Mul', [dy!, op('Mul', [x!, r!])]), g!)
      return [cast(dx, inputs[0]!.dtype), cast(dg, inputs[1]!.dtype)]
    },
  },
  /** RMSNorm of x + skip; the fourth output is that sum, the two between are statistics of it. */
  SkipSimplifiedLayerNormalization: {
    domain: 'com.microsoft',
    floats: ['epsilon'],
    infer: ([x]) => {
      const statistic = { dtype: 'f32', shape: replaceAxis(x!.shape, x!.shape.length - 1, 1) } as const
      return [x!, statistic, statistic, x!]
    },
  },
  /** Rotates pairs (i, i + H/2) of each head; its inverse is the rotation by −angle. Inputs x, position, cos, sin. */
  RotaryEmbedding: {
    domain: 'com.microsoft',
    infer: ([x]) => [x!],
    grad: ({ inputs: [, position, cos, sin], attributes, dy }) => [
      op('RotaryEmbedding', [dy, position!, cos!, op('Neg', [sin!])], attributes),
      undefined,
      undefined,
      undefined,
    ],
  },
} satisfies Partial<Record<OpName, Op>>

/** The gradient of a reduction: the same number for every element that went into it. */
function spread(dy: Value, x: Type, attributes: Attributes): Value {
  const kept = reducedShape(x, { ...attributes, keepdims: 1 })
  const shape = x.shape.map(fixed)
  return op('Expand', [sameShape(dy.shape, kept) ? dy : op('Reshape', [dy], { shape: kept.map(fixed) })], { shape })
}
