// Operators that read and write where indices say.
import type { Op, OpName } from '../value.ts'
import { op } from '../node.ts'
import { elements, fixed } from '../shape.ts'
import { scatterAdd, zeros } from './sums.ts'

export const indexing = {
  /** Rows of x along axis 0. The gradient adds each row back where it came from. */
  Gather: {
    infer: ([x, indices]) => [{ dtype: x!.dtype, shape: [...indices!.shape, ...x!.shape.slice(1)] }],
    grad: ({ inputs: [x, indices], dy }) => {
      const width = elements(x!.shape.slice(1))
      const rows = elements(indices!.shape)
      const flat = op('Reshape', [dy], { shape: [rows, width] })
      const index = op('Reshape', [indices!], { shape: [rows, 1] })
      const sum = scatterAdd(zeros({ dtype: x!.dtype, shape: [fixed(x!.shape[0]), width] }), index, flat)
      return [op('Reshape', [sum], { shape: x!.shape.map(fixed) }), undefined]
    },
  },
  /**
   * Attention of new queries [B, n, heads·H] to caches [B, K, M, H], to which it first adds their keys and values: in place where
   * the same tensors are bound to both. Inputs: queries, keys and values (absent where all three lie in the first), both caches,
   * of each row what it holds with the new less one, M, cosines and sines by position.
   */
  GroupQueryAttention: {
    domain: 'com.microsoft',
    floats: ['scale'],
    infer: ([queries, , , keys, values], { num_heads: heads }) => [
      { dtype: queries!.dtype, shape: [...queries!.shape.slice(0, 2), Number(heads) * fixed(keys!.shape[3])] },
      keys!,
      values!,
    ],
  },
  GatherElements: {
    infer: ([x, indices]) => [{ dtype: x!.dtype, shape: indices!.shape }],
    grad: ({ inputs: [x, indices], attributes, dy }) => [
      op('ScatterElements', [zeros(x!), indices!, dy], { axis: Number(attributes['axis']), reduction: 'add' }),
      undefined,
    ],
  },
  /** x with updates added at indices (reduction=add). One thread on the CPU, so rows hit twice are safe, unlike ScatterND. */
  ScatterElements: {
    infer: ([x]) => [x!],
    grad: ({ inputs: [, indices], attributes, dy }) => {
      if (attributes['reduction'] !== 'add') throw new Error('ScatterElements: a gradient for reduction=add only')
      return [dy, undefined, op('GatherElements', [dy, indices!], { axis: Number(attributes['axis']) })]
    },
  },
} satisfies Partial<Record<OpName, Op>>
