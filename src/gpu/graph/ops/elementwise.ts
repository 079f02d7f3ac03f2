// Operators on each element for itself, operands broadcast.
import type { Op, OpName } from '../value.ts'
import { isFloat } from '../float.ts'
import { cast, op } from '../node.ts'
import { dtypes, type DType } from '../tensor.ts'
import { broadcast } from '../shape.ts'
import { unbroadcast } from './sums.ts'

const binary = (grad?: Op['grad']): Op => ({
  infer: ([a, b]) => [{ dtype: a!.dtype, shape: broadcast(a!.shape, b!.shape) }],
  ...(grad && { grad }),
})
/** One operand, whose type the result has. */
export const unary = (grad?: Op['grad']): Op => ({ infer: ([x]) => [x!], ...(grad && { grad }) })

/** Whether something holds of two operands. */
const comparison: Op = { infer: ([a, b]) => [{ dtype: 'bool', shape: broadcast(a!.shape, b!.shape) }] }

/** Types by the code that ONNX gives them. */
const coded = new Map<number, DType>(Object.entries(dtypes).map(([name, { code }]) => [code, name as DType]))

export const elementwise = {
  Add: binary(({ inputs: [a, b], dy }) => [unbroadcast(dy, a!), unbroadcast(dy, b!)]),
  Sub: binary(({ inputs: [a, b], dy }) => [unbroadcast(dy, a!), unbroadcast(op('Neg', [dy]), b!)]),
  Mul: binary(({ inputs: [a, b], dy }) => [unbroadcast(op('Mul', [dy, b!]), a!), unbroadcast(op('Mul', [dy, a!]), b!)]),
  // d(a/b)/db = −(a/b)/b
  Div: binary(({ inputs: [a, b], outputs: [y], dy }) => {
    const da = op('Div', [dy, b!])
    return [unbroadcast(da, a!), unbroadcast(op('Neg', [op('Mul', [da, y!])]), b!)]
  }),
  Less: comparison,
  LessOrEqual: comparison,
  And: comparison,
  Neg: unary(({ dy }) => [op('Neg', [dy])]),
  Exp: unary(({ outputs: [y], dy }) => [op('Mul', [dy, y!])]),
  Log: unary(({ inputs: [x], dy }) => [op('Div', [dy, x!])]),
  // d√x = dy / 2√x
  Sqrt: unary(({ outputs: [y], dy }) => [op('Div', [op('Mul', [dy, 0.5]), y!])]),
  Sigmoid: unary(({ outputs: [y], dy }) => [op('Mul', [dy, op('Mul', [y!, op('Sub', [1, y!])])])]),
  Identity: unary(({ dy }) => [dy]),
  Sum: {
    infer: (inputs) => [
      { dtype: inputs[0]!.dtype, shape: inputs.map((x) => x.shape).reduce((a, b) => broadcast(a, b)) },
    ],
    grad: ({ inputs, dy }) => inputs.map((x) => unbroadcast(dy, x)),
  },
  /** To the type of that ONNX code. */
  Cast: {
    infer: ([x], { to }) => [{ dtype: coded.get(Number(to))!, shape: x!.shape }],
    grad: ({ inputs: [x], dy }) => [isFloat(x!.dtype) ? cast(dy, x!.dtype) : undefined],
  },
  /** x·σ(αx); α = 1 is SiLU, the only one differentiated: σ(x)·(1 + x − y). */
  QuickGelu: {
    domain: 'com.microsoft',
    floats: ['alpha'],
    infer: ([x]) => [x!],
    grad: ({ inputs: [x], outputs: [y], attributes, dy }) => {
      if (attributes['alpha'] !== 1) throw new Error(`QuickGelu: no gradient for alpha ${attributes['alpha']}`)
      const slope = op('Mul', [op('Sigmoid', [x!]), op('Add', [op('Sub', [x!, y!]), 1])])
      return [op('Mul', [dy, slope])]
    },
  },
} satisfies Partial<Record<OpName, Op>>
