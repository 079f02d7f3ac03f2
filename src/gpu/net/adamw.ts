// AdamW (Loshchilov and Hutter 2019) over one flat stretch of parameters, as a graph that updates in place.
import type { Value } from '../graph/value.ts'
import { cut, input, op, type Cut, type Operand } from '../graph/graph.ts'

/** Elements updated at a time: one stretch with its gradient and moments stays in the cache. */
export const STRETCH = 262_144

/** What changes between updates, each a scalar input; the two corrections are 1 / (1 − βᵗ). */
export const adamwScalars = [
  'learningRate',
  'beta1',
  'beta2',
  'epsilon',
  'weightDecay',
  'correction1',
  'correction2',
  'gradientScale',
] as const

/**
 * value, gradient, moment1 and moment2 [n] → the same after one step, the gradient cleared. Safe with every output
 * bound to its input: each is written by a node that everything reading it comes before.
 */
export function adamw(n: number): Cut {
  const vector = () => input('f32', [n])
  const [value, gradient, moment1, moment2] = [vector(), vector(), vector(), vector()]
  const scalars = Object.fromEntries(adamwScalars.map((name) => [name, input('f32', [])])) as Record<
    (typeof adamwScalars)[number],
    Value
  >
  const mul = (a: Value, b: Operand) => op('Mul', [a, b])
  const add = (a: Value, b: Value) => op('Add', [a, b])
  const complement = (x: Value) => op('Sub', [1, x])
  const g = mul(gradient, scalars.gradientScale)
  const m = add(mul(moment1, scalars.beta1), mul(g, complement(scalars.beta1)))
  const v = add(mul(moment2, scalars.beta2), mul(mul(g, g), complement(scalars.beta2)))
  const root = add(op('Sqrt', [mul(v, scalars.correction2)]), scalars.epsilon)
  const step = mul(op('Div', [mul(m, scalars.correction1), root]), scalars.learningRate)
  const decayed = mul(value, complement(mul(scalars.learningRate, scalars.weightDecay)))
  const updated = op('Sub', [decayed, step])
  return cut(
    `adamw-${n}`,
    { value, gradient, moment1, moment2, ...scalars },
    { value: updated, gradient: mul(updated, 0), moment1: m, moment2: v },
  )
}

/** Sum of squares of a stretch, []: the global gradient norm is made of these. */
export function squareSum(n: number): Cut {
  const x = input('f32', [n])
  return cut(`square-sum-${n}`, { x }, { sum: op('ReduceSum', [op('Mul', [x, x])], { axes: [0], keepdims: 0 }) })
}
