// What every pass over a model works with: its weights, compiled programs and working memory on one device.
import type { Batch } from './batch.ts'
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import type { Net } from '../net/precision.ts'
import { layerRoles, type ModelConfig, type Role } from '../weights/family.ts'
import type { Parameters } from './parameters.ts'
import type { Programs, Tensors } from '../device/programs.ts'
import type { Scratch } from '../device/scratch.ts'

export interface Engine extends Net {
  programs: Programs
  scratch: Scratch
  parameters: Parameters
  /** Bytes of activations kept from forward for backward before they are computed again instead. */
  activationBudget: number
}

/** Where a pass takes its weights from: the policy's, or the reference's. */
export type WeightOf = (role: Role, layer?: number) => Tensor<Float>

/** What a forward pass over the blocks leaves for the head and for backward. L layers; T and D as in block.ts. */
export interface Residuals {
  batch: Batch
  /** Input of each layer and output of the last, L + 1 tensors [T, D]. */
  stream: Tensor<Float>[]
  /** Per layer, the activations kept by name; empty where they are computed again. */
  kept: Tensors[]
  rope: { cos: Tensor<Float>; sin: Tensor<Float> }
  promptMask: Tensor<Float> | undefined
  ids: Tensor<'i64'>
}

export function weightsOf({ parameters }: Engine, reference: boolean): WeightOf {
  return reference ? parameters.reference : parameters.weight
}

/** The weights of one block by role. */
export function layerWeights(config: ModelConfig, layer: number, weight: WeightOf): Tensors {
  return Object.fromEntries(layerRoles(config).map((role) => [role, weight(role, layer)]))
}
