// A model as its graphs see it.
import type { Portions } from '../device/portions.ts'
import type { Precision } from '../device/precision.ts'
import type { ModelConfig } from '../weights/family.ts'

export interface Net {
  config: ModelConfig
  precision: Precision
  portions: Portions
}
