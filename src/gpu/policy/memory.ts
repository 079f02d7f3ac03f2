// What a model takes on its device, in bytes, worked out from shapes before it is opened: the sums by which it allocates.
import { parametersOf, type ModelConfig } from '../weights/family.ts'
import { dtypes, elements } from '../graph/tensor.ts'
import type { Net } from '../net/precision.ts'
import { HEAD_ROWS } from './head-pass.ts'
import { tokenBytes } from './lanes.ts'
import { adapted, trainedBy, type Training } from './parameters.ts'
import { ACTIVATION_BUDGET, keptBytes, streamBytes } from './passes.ts'
import { rowsAtOnce } from './scores.ts'

export interface Memory {
  /** Weights, and those that are kept a second time merged with their adapter. */
  weights: number
  /** Frozen first weights of full fine-tuning. */
  reference: number
  /** Weights, gradients and moments of a critic. */
  critic?: number
  /** Gradients and the two moments of what is trained, and the values where graphs do not read them themselves. */
  training: number
  /** Keys and values of the completions under way, and the scores drawn from at a time. */
  cache: number
  /** What a pass keeps for its backward, its residual stream, and the logits that are held at once. */
  activations: number
  total: number
}

/** What is resident at the worst moment, as far as it grows with the model and the settings. */
export interface Load {
  training: Training
  reference: boolean
  /** A critic of the same size learns beside it. */
  critic?: boolean
  /** Tokens whose keys and values are held, and rows decoded; 0 where nothing is. */
  cached: number
  rows: number
  /** Tokens of a pass. */
  micro: number
}

const MASTER = dtypes.f32.bytes

/** An estimate: what ONNX Runtime needs beside it for a graph at work is not in it. */
export function memoryOf(net: Net, { training, reference, critic = false, cached, rows, micro }: Load): Memory {
  const { config, precision } = net
  const weight = dtypes[precision.weights].bytes
  const scores = dtypes[precision.reduce].bytes * config.vocabulary
  const full = training.kind === 'full'
  const own = full && precision.weights === 'f32' ? 3 : 4
  const weights = weight * (parameterCount(config) + countOf(adapted(config, training)))
  const learning = MASTER * own * trainedCount(config, training)
  const parts = {
    weights,
    reference: reference && full ? weight * parameterCount(config) : 0,
    ...(critic && { critic: weights + learning }),
    training: learning,
    cache: cached * tokenBytes(net) + scores * Math.min(rows, rowsAtOnce(net)),
    activations: passBytes(net, micro, micro, ACTIVATION_BUDGET) + scores * HEAD_ROWS,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) }
}

/**
 * Working memory of training passes over at most T rows, M of them of completions. Where what the blocks keep does not fit into
 * the budget it is computed again; what shorter passes keep lies there beside.
 */
export function passBytes(net: Net, T: number, M: number, budget: number): number {
  const { config, precision } = net
  const kept = keptBytes(net, T)
  const [id, compute, reduce] = [dtypes.i64.bytes, dtypes[precision.compute].bytes, dtypes[precision.reduce].bytes]
  // Ids as a row and as a column; cosines and sines; places of rows and keys; labels, and log-probs and entropies with their slopes.
  const rows = T * (2 * id + compute * config.headDim + 3 * dtypes.f32.bytes) + M * (id + 4 * reduce)
  return Math.min(kept, budget) + streamBytes(net, T) + rows
}

export const parameterCount = (config: ModelConfig): number => countOf(parametersOf(config))

/** Number of trained values. */
export const trainedCount = (config: ModelConfig, training: Training): number => countOf(trainedBy(config, training))

/** Values and two moments of what is trained. */
export const checkpointBytes = (config: ModelConfig, training: Training): number =>
  3 * MASTER * trainedCount(config, training)

const countOf = (parameters: readonly { shape: readonly number[] }[]): number =>
  parameters.reduce((sum, { shape }) => sum + elements(shape), 0)
