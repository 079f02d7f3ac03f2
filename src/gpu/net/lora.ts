// LoRA (arXiv 2106.09685) as graphs: the adapted matrix, and the gradients of the pair that adapts it.
import type { Value } from '../graph/value.ts'
import type { Float } from '../graph/float.ts'
import { cast, cut, input, op, type Cut } from '../graph/graph.ts'

/** What a graph knows of an adapter: the pairs lie on a device elsewhere. */
export interface LowRank {
  rank: number
  scale: number
}

/** W + scale·B·A, the adapted matrix in the type of W: W [out, in], A [rank, in], B [out, rank]. */
export function merge(dtype: Float, out: number, inputs: number, rank: number, scale: number): Cut {
  const weight = input(dtype, [out, inputs])
  const a = input('f32', [rank, inputs])
  const b = input('f32', [out, rank])
  const product = op('FusedMatMul', [b, a], { transA: 0, transB: 0, alpha: scale })
  const sum = op('Add', [cast(weight, product.dtype), product])
  return cut(`merge-${out}x${inputs}`, { weight, a, b }, { merged: cast(sum, dtype) })
}

/** With y = x·(W + s·B·A)ᵀ: dA = s·(dy·B)ᵀ·x and dB = s·dyᵀ·(x·Aᵀ), without the gradient of W. */
export function adapterGradients(x: Value, dy: Value, a: Value, b: Value, scale: number): { a: Value; b: Value } {
  const product = (l: Value, r: Value, transA: number, transB: number, alpha: number) =>
    op('FusedMatMul', [l, r], { transA, transB, alpha })
  return {
    a: product(product(dy, cast(b, dy.dtype), 0, 0, 1), x, 1, 0, scale),
    b: product(dy, product(x, cast(a, x.dtype), 0, 1, 1), 1, 0, scale),
  }
}
