// How much memory a run will need, from the shapes of its model and batches: an estimate, in bytes of float32.
import { tokenBytes } from '../../gpu/policy/layer-cache.ts'
import { float32 } from '../../gpu/net/precision.ts'
import { adaptableParameters } from '../../gpu/weights/adapter.ts'
import { type ModelConfig, parametersOf } from '../../gpu/weights/family.ts'
import type { TrainRecipe } from '../../rl/recipe.ts'

export interface Memory {
  /** Weights, and those that are kept a second time merged with their adapter. */
  weights: number
  /** Frozen first weights of full fine-tuning. */
  reference: number
  /** Gradients and the two moments of what is trained, and with LoRA the adapter itself. */
  training: number
  /** Keys and values of the completions under way. */
  cache: number
  /** What a micro-batch keeps for its backward pass, and its residual stream. */
  activations: number
  total: number
}

export type Lora = Pick<TrainRecipe, 'loraRank' | 'loraTargets'>

/** What is resident at the worst moment, as far as it grows with the model and the settings. */
export interface Load {
  reference: boolean
  /** Tokens whose keys and values are held, and tokens of a micro-batch. */
  cached: number
  micro: number
}

/** Activations that a backward pass may keep (gpu/model.ts), and widths of the model kept per token and layer. */
const [BUDGET, KEPT] = [2 ** 30, 12]
const FLOAT = 4

export function memoryOf(config: ModelConfig, lora: Lora, { reference, cached, micro }: Load): Memory {
  const { layers, hidden, intermediate } = config
  const parameters = parameterCount(config)
  const trained = trainedCount(config, lora)
  const adapted = lora.loraRank > 0
  const parts = {
    weights: FLOAT * (parameters + (adapted ? countOf(adaptedShapes(config, lora)) : 0)),
    reference: reference && !adapted ? FLOAT * parameters : 0,
    training: FLOAT * trained * (adapted ? 4 : 3),
    cache: cached * tokenBytes({ config, precision: float32 }),
    activations:
      Math.min(FLOAT * micro * layers * (KEPT * hidden + 3 * intermediate), BUDGET) +
      FLOAT * micro * hidden * (layers + 1),
  }
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) }
}

/** Tensor values and two moments of what is trained. */
export const checkpointBytes = (config: ModelConfig, lora: Lora): number => 3 * FLOAT * trainedCount(config, lora)

export const parameterCount = (config: ModelConfig): number => countOf(parametersOf(config).map(({ shape }) => shape))

export function trainedCount(config: ModelConfig, lora: Lora): number {
  if (lora.loraRank === 0) return parameterCount(config)
  return adaptedShapes(config, lora).reduce((sum, [out = 0, input = 0]) => sum + lora.loraRank * (out + input), 0)
}

function adaptedShapes(config: ModelConfig, { loraTargets }: Lora): (readonly number[])[] {
  return adaptableParameters(config)
    .filter(({ role }) => loraTargets.some((target) => target === role))
    .map(({ shape }) => shape)
}

function countOf(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
}
