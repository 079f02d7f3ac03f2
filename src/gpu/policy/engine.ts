// What every pass over a model works with: its weights, compiled programs and working memory on one device.
import type { Batch } from './batch.ts'
import type { Stretch } from './forest.ts'
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import type { Piece } from '../net/pieces.ts'
import type { Net } from '../net/net.ts'
import { layerRoles, type ModelConfig, type Role } from '../weights/family.ts'
import type { Parameters } from './parameters.ts'
import type { Scaling } from './scaling.ts'
import type { Programs, Tensors } from '../device/programs.ts'
import type { Scratch } from '../device/scratch.ts'

export interface Engine extends Net {
  programs: Programs
  scratch: Scratch
  parameters: Parameters
  /** Bytes of activations kept from forward for backward before they are computed again instead. */
  activationBudget: number
  /** What the loss is multiplied with, where gradients would be too small for their type otherwise. */
  scaled: { by?: Scaling }
  /** What generation kept for training, if it did, and weights are still those that it was computed with. */
  traces: { last?: Trace }
}

/** What generation computed, a row for every token in the order in which they came, see trace.ts. L layers; D as in block.ts. */
export interface Trace {
  /** Rows that there is room for, and those that are written. */
  readonly capacity: number
  used: number
  /** Input of each layer and output of the last, L + 1 tensors [capacity, D]. */
  readonly stream: readonly Tensor<Float>[]
  /** Per layer, the activations by name, [capacity, width] each. */
  readonly kept: readonly Tensors[]
  /** Of completions, by the very array of their ids: the rows of all tokens but the last, the prompt's first. */
  readonly rows: WeakMap<readonly number[], readonly number[]>
}

/** Where a pass takes its weights from: the policy's, or the reference's. */
export type WeightOf = (role: Role, layer?: number) => Tensor<Float>

/** Rows of a forest from `start` on, and the stretches of rows that hold all that they see. */
export interface BranchPiece {
  kind: 'branches'
  of: Piece['of']
  start: number
  rows: number
  seen: Stretch[]
}

/** What the rows of a batch see. Letters as in block.ts; L the longest of its sequences. */
export interface Sight {
  /** With what a window hides of the batch. */
  pieces(window: number | undefined): (Piece | BranchPiece)[]
  /** [N, P]: 0 where a prompt row is real, very negative where it is padding; undefined where none is. */
  promptMask: Tensor<Float> | undefined
  /** Places of rows [L, 1], of the keys of a prompt [L], of those of each prompt and one of its completions [N, P + R]. */
  rows: Tensor<'f32'>
  own: Tensor<'f32'>
  joint: Tensor<'f32'>
  /** Of a forest, where L = T: the places of the last rows below each, [T], and positions as rows [T, 1] and keys [T]. */
  forest?: { ends: Tensor<'f32'>; rowPositions: Tensor<'f32'>; columnPositions: Tensor<'f32'> }
}

/** What a forward pass over the blocks leaves for the head and for backward. L layers; T and D as in block.ts. */
export interface Residuals {
  batch: Batch
  /** Output of the last layer, [T, D]; of completion rows alone. */
  top: Tensor<Float>
  /** Input of a layer [T, D], and the activations kept by name, none where they are computed again; good until the next is asked for. */
  layer(layer: number): { x: Tensor<Float>; kept: Tensors }
  rope: { cos: Tensor<Float>; sin: Tensor<Float> }
  sight: Sight
  ids: Tensor<'i64'>
}

export function weightsOf({ parameters }: Engine, reference: boolean): WeightOf {
  return reference ? parameters.reference : parameters.weight
}

/** The weights of one block by role. */
export function layerWeights(config: ModelConfig, layer: number, weight: WeightOf): Tensors {
  return Object.fromEntries(layerRoles(config).map((role) => [role, weight(role, layer)]))
}
