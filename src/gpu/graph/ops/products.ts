// Matrix products.
import type { Attributes, Op, OpName, Value } from '../value.ts'
import { op } from '../node.ts'
import { broadcast, productShape, sameShape } from '../shape.ts'
import { unbroadcast } from './sums.ts'

export const products = {
  /** α·A′B′ over the last two axes, each transposed where said; axes before them broadcast. */
  FusedMatMul: {
    domain: 'com.microsoft',
    floats: ['alpha'],
    infer: ([a, b], attributes) => [{ dtype: a!.dtype, shape: productShape(a!, b!, attributes) }],
    grad: ({ inputs: [a, b], attributes, dy }) => productGradients(a!, b!, attributes, dy),
  },
  /** α·A′B′ + C on matrices: what fuse.ts makes of a sum with a product in it. */
  Gemm: {
    floats: ['alpha', 'beta'],
    infer: ([a, b, c], attributes) => {
      const shape = productShape(a!, b!, attributes)
      if (!sameShape(broadcast(shape, c!.shape), shape)) throw new Error(`Gemm: [${c!.shape}] does not fit [${shape}]`)
      return [{ dtype: a!.dtype, shape }]
    },
    grad: ({ inputs: [a, b, c], attributes, dy }) => [...productGradients(a!, b!, attributes, dy), unbroadcast(dy, c!)],
  },
} satisfies Partial<Record<OpName, Op>>

/** Of Y = α·A′B′: dA′ = α·dY·B′ᵀ and dB′ = α·A′ᵀ·dY, each transposed back where it was. */
function productGradients(a: Value, b: Value, attributes: Attributes, dy: Value): Value[] {
  const { transA = 0, transB = 0, alpha = 1 } = attributes
  const not = (flag: unknown) => (flag ? 0 : 1)
  const product = (x: Value, y: Value, tx: unknown, ty: unknown) =>
    op('FusedMatMul', [x, y], { transA: tx ? 1 : 0, transB: ty ? 1 : 0, alpha })
  const da = transA ? product(b, dy, transB, 1) : product(dy, b, 0, not(transB))
  const db = transB ? product(dy, a, 1, transA) : product(a, dy, not(transA), 0)
  return [unbroadcast(da, a), unbroadcast(db, b)]
}
