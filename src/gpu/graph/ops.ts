// THE table: op → { infer, grad }. Types follow from `infer`, backward graphs from `grad`; nothing else knows an op.
// Letters: A axes reduced or joined, the rest as in the operator's own documentation (opset 18, com.microsoft).
import { giveTable } from './node.ts'
import { elementwise } from './ops/elementwise.ts'
import { indexing } from './ops/indexing.ts'
import { layout } from './ops/layout.ts'
import { products } from './ops/products.ts'
import { reductions } from './ops/reductions.ts'
import type { Op, OpName } from './value.ts'

export const ops: Readonly<Record<OpName, Op>> = {
  ...elementwise,
  ...products,
  ...reductions,
  ...layout,
  ...indexing,
}

giveTable(ops)
