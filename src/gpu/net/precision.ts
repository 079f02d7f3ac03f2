// The element types that a model computes in, and a model as its graphs see it.
import type { Portions } from '../device/portions.ts'
import type { Float } from '../graph/float.ts'
import type { ModelConfig } from '../weights/family.ts'

export interface Precision {
  /** Of the weights that graphs read. What is trained has float32 masters beside them, whose moments and gradients are float32. */
  weights: Float
  /** Of activations: the residual stream, keys and values, the operands of matrix products. */
  compute: Float
  /** Of the softmax over the vocabulary, and of what comes of it. */
  reduce: Float
}

export const float32: Precision = { weights: 'f32', compute: 'f32', reduce: 'f32' }

export interface Net {
  config: ModelConfig
  precision: Precision
  portions: Portions
}
