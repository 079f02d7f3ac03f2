// LoRA (arXiv 2106.09685) as graphs: the adapted matrix, and the gradients of the pair that adapts it.
import type { Value } from '../graph/value.ts'
import { cut, input, op, type Cut } from '../graph/graph.ts'

/** What a graph knows of an adapter: the pairs lie on a device elsewhere. */
export interface LowRank {
  rank: number
  scale: number
  /** Undefined where the weight of that name is not adapted. */
  pair(weight: string): object | undefined
}

/** W + scale·B·A, the adapted matrix: W [out, in], A [rank, in], B [out, rank]. */
export function merge(out: number, inputs: number, rank: number, scale: number): Cut {
  const weight = input('f32', [out, inputs])
  const a = input('f32', [rank, inputs])
  const b = input('f32', [out, rank])
  const product = op('FusedMatMul', [b, a], { transA: 0, transB: 0, alpha: scale })
  return cut(`merge-${out}x${inputs}`, { weight, a, b }, { merged: op('Add', [weight, product]) })
}

/** With y = x·(W + s·B·A)ᵀ: dA = s·(dy·B)ᵀ·x and dB = s·dyᵀ·(x·Aᵀ), without the gradient of W. */
export function adapterGradients(x: Value, dy: Value, a: Value, b: Value, scale: number): { a: Value; b: Value } {
  const product = (l: Value, r: Value, transA: number, transB: number, alpha: number) =>
    op('FusedMatMul', [l, r], { transA, transB, alpha })
  return {
    a: product(product(dy, b, 0, 0, 1), x, 1, 0, scale),
    b: product(dy, product(x, a, 0, 1, 1), 1, 0, scale),
  }
}
