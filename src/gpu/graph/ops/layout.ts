// Operators that move elements and change none.
import type { Dim, Op, OpName, Value } from '../value.ts'
import { op, opAll } from '../node.ts'
import { addSizes, axisOf, broadcast, fixed, list, MAX, replaceAxis, reshaped, sizeAfter } from '../shape.ts'
import { unbroadcast, zeros } from './sums.ts'

export const layout = {
  Reshape: {
    operands: ['shape'],
    infer: ([x], { shape }) => [{ dtype: x!.dtype, shape: reshaped(x!.shape, list(shape)) }],
    grad: ({ inputs: [x], dy }) => [op('Reshape', [dy], { shape: x!.shape.map(fixed) })],
  },
  Transpose: {
    infer: ([x], { perm }) => [{ dtype: x!.dtype, shape: list(perm).map((axis) => x!.shape[axis]!) }],
    grad: ({ attributes, dy }) => {
      const perm = list(attributes['perm'])
      return [op('Transpose', [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
    },
  },
  Concat: {
    infer: (inputs, { axis }) => {
      const at = axisOf(Number(axis), inputs[0]!.shape.length)
      const size = addSizes(inputs.map((x) => x.shape[at]!))
      return [{ dtype: inputs[0]!.dtype, shape: replaceAxis(inputs[0]!.shape, at, size) }]
    },
    grad: ({ inputs, attributes, dy }) => {
      const at = axisOf(Number(attributes['axis']), dy.shape.length)
      return [...opAll('Split', [dy], { axis: at, split: inputs.map((x) => fixed(x.shape[at])) })]
    },
  },
  Split: {
    operands: ['split'],
    infer: ([x], { axis, split }) => {
      const at = axisOf(Number(axis), x!.shape.length)
      return list(split).map((size) => ({ dtype: x!.dtype, shape: replaceAxis(x!.shape, at, size) }))
    },
    grad: ({ outputs, attributes, gradients }) => {
      const parts = outputs.map((part, i) => gradients[i] ?? zeros(part))
      return [op('Concat', parts, { axis: Number(attributes['axis']) })]
    },
  },
  /** One contiguous piece per listed axis; an end of MAX reaches to the last element of an axis known by name only. */
  Slice: {
    operands: ['starts', 'ends', 'axes'],
    infer: ([x], { starts, ends, axes }) => {
      const shape = list(axes).reduce<Dim[]>(
        (sizes, axis, i) => {
          const [start, end] = [list(starts)[i]!, list(ends)[i]!]
          const size = sizes[axis]!
          if (typeof size === 'string')
            return replaceAxis(sizes, axis, end === MAX ? sizeAfter(size, start) : end - start)
          return replaceAxis(sizes, axis, Math.min(end, size) - start)
        },
        [...x!.shape],
      )
      return [{ dtype: x!.dtype, shape }]
    },
    grad: ({ inputs: [x], attributes, dy }) => {
      const before = x!.shape.map(() => 0)
      const axes = list(attributes['axes'])
      axes.forEach((axis, i) => (before[axis] = list(attributes['starts'])[i]!))
      const after = x!.shape.map((size, axis) => fixed(size) - fixed(dy.shape[axis]) - before[axis]!)
      return [dy.dtype === 'bf16' ? joined(dy, before, after) : op('Pad', [dy], { pads: [...before, ...after] })]
    },
  },
  /** Zeros around x; `pads` lists what comes before each axis, then what comes after. */
  Pad: {
    operands: ['pads'],
    infer: ([x], { pads }) => {
      const rank = x!.shape.length
      const shape = x!.shape.map((size, axis) => fixed(size) + list(pads)[axis]! + list(pads)[axis + rank]!)
      return [{ dtype: x!.dtype, shape }]
    },
    grad: ({ inputs: [x], attributes, dy }) => {
      const starts = x!.shape.map((_, axis) => list(attributes['pads'])[axis]!)
      const ends = x!.shape.map((size, axis) => fixed(size) + starts[axis]!)
      return [op('Slice', [dy], { starts, ends, axes: x!.shape.map((_, axis) => axis) })]
    },
  },
  Expand: {
    operands: ['shape'],
    infer: ([x], { shape }) => [{ dtype: x!.dtype, shape: broadcast(x!.shape, list(shape)) }],
    grad: ({ inputs: [x], dy }) => [unbroadcast(dy, x!)],
  },
} satisfies Partial<Record<OpName, Op>>

/** What Pad gives, for the one type that CUDA does not pad. */
function joined(x: Value, before: readonly number[], after: readonly number[]): Value {
  return before.reduce((sum, first, axis) => {
    const beside = (size: number) => (size === 0 ? [] : [zeros({ ...sum, shape: replaceAxis(sum.shape, axis, size) })])
    const parts = [...beside(first), sum, ...beside(after[axis]!)]
    return parts.length === 1 ? sum : op('Concat', parts, { axis })
  }, x)
}
