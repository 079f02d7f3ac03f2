// What gradient rules share: sums over what was repeated, rows added where they belong, zeros.
import type { Type, Value } from '../value.ts'
import { constant, op } from '../node.ts'
import { fixed, repeatedAxes, sameShape } from '../shape.ts'

/** Sums a gradient back to the shape of an operand that was broadcast. */
export function unbroadcast(gradient: Value, operand: Type): Value {
  const axes = repeatedAxes(operand.shape, gradient.shape)
  if (axes.length === 0) return gradient
  const sum = op('ReduceSum', [gradient], { axes, keepdims: 1 })
  return sameShape(sum.shape, operand.shape) ? sum : op('Reshape', [sum], { shape: operand.shape.map(fixed) })
}

/** base [n, width] with updates [m, width] added to the rows named by index [m, 1]. */
export function scatterAdd(base: Value, index: Value, updates: Value): Value {
  const indices = op('Expand', [index], { shape: updates.shape.map(fixed) })
  return op('ScatterElements', [base, indices, updates], { axis: 0, reduction: 'add' })
}

/** Zeros of that type. */
export function zeros({ dtype, shape }: Type): Value {
  return op('Expand', [constant(Float32Array.of(0), [], dtype)], { shape: shape.map(fixed) })
}
