// What a model takes on its device, in bytes, worked out from shapes before it is opened: the sums by which it allocates.
import { adaptable, parametersOf, type ModelConfig } from '../weights/family.ts'
import { dtypes, elements } from '../graph/tensor.ts'
import { workingBytes } from '../graph/working.ts'
import { attendPartBackward } from '../net/attention.ts'
import { transformBackward } from '../net/block-graphs.ts'
import type { Net } from '../net/net.ts'
import { tokenGraph } from '../net/token.ts'
import { tokenBytes } from './lanes.ts'
import { adapted, trainedBy, type Training } from './parameters.ts'
import { keptOf, streamBytes } from './activations.ts'
import { rowPieces } from './passes.ts'
import { rowsAtOnce } from './scores.ts'
import { placesFor, stepsFor } from './seats.ts'
import { stepBytes } from './token-steps.ts'
import { traceBytes } from './trace.ts'

export interface Memory {
  /** Weights, and those that are kept a second time merged with their adapter. */
  weights: number
  /** Frozen first weights of full fine-tuning. */
  reference: number
  /** Weights, gradients and moments of a critic. */
  critic?: number
  /** Gradients and the two moments of what is trained, and the values where graphs do not read them themselves. */
  training: number
  /** Keys and values of the completions under way, where they are written as one graph also its caches, and the scores drawn from at a time. */
  cache: number
  /** What a pass keeps for its backward, and its residual stream. */
  activations: number
  /** What graphs work in: the head's logits, the MLP of some rows, the scores of some rows. */
  graphs: number
  /** The program itself. */
  runtime: number
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
  /** Of the longest sequence that is decoded, its prompt and what is written of it. */
  longest?: { prompt: number; written: number }
  /** Tokens of the largest pass. */
  micro: number
  /** Tokens of which generation keeps what training would compute again, where the budget has room for them. */
  traced?: number
}

const MASTER = dtypes.f32.bytes
/** Measured: the program itself, ONNX Runtime, compiled graphs, and what lies unused between allocations. */
const RUNTIME = 130 * 2 ** 20

export function memoryOf(
  net: Net,
  { training, reference, critic = false, cached, rows, longest = { prompt: 0, written: 0 }, micro, traced = 0 }: Load,
): Memory {
  const { config, precision, portions } = net
  const weight = dtypes[precision.weights].bytes
  const scores = dtypes[precision.reduce].bytes * config.vocabulary
  const full = training.kind === 'full'
  const own = full && precision.weights === 'f32' ? 3 : 4
  const weights = weight * (parameterCount(config) + countOf(adapted(config, training)))
  const learning = MASTER * own * trainedCount(config, training)
  const pass = passBytes(net, micro, micro, portions.activations)
  const atOnce = Math.min(rows, Math.ceil(cached / Math.max(1, longest.written)))
  const steps = atOnce > 0 ? stepsFor(net, { rows: atOnce, places: placesFor(net, longest) }) : undefined
  const trace = traceBytes(net, traced)
  const recalls = traced > 0 && !steps && trace <= portions.activations
  const parts = {
    weights,
    reference: reference && full ? weight * parameterCount(config) : 0,
    ...(critic && { critic: weights + learning + pass }),
    training: learning,
    cache: cached * tokenBytes(net) + (steps ? stepBytes(net, steps) : 0) + scores * Math.min(rows, rowsAtOnce(net)),
    activations: recalls ? trace + recallBytes(net, micro) : pass,
    graphs: graphBytes(net, training, micro) + (steps ? workingBytes(tokenGraph(net, steps, true)) : 0),
    runtime: RUNTIME,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) }
}

/**
 * Working memory of training passes over at most T rows, M of them of completions. What the blocks keep beyond the budget is
 * computed again, a block at a time.
 */
export function passBytes(net: Net, T: number, M: number, budget: number): number {
  const { config, precision } = net
  const [id, compute, reduce] = [dtypes.i64.bytes, dtypes[precision.compute].bytes, dtypes[precision.reduce].bytes]
  // Ids as a row and as a column; cosines and sines; places of rows and keys; labels, and log-probs and entropies with their slopes.
  const rows = T * (2 * id + compute * config.headDim + 3 * dtypes.f32.bytes) + M * (id + 4 * reduce)
  return keptOf(net, T, budget).bytes + streamBytes(net, T) + rows
}

/** The same where a trace is read, a layer at a time. */
const recallBytes = (net: Net, T: number): number => {
  const one = { ...net, config: { ...net.config, layers: 1 } }
  return passBytes(one, T, T, Infinity)
}

/**
 * What ONNX Runtime keeps for the graphs of passes over T rows. The head and the blocks want memory in pieces of different sizes, so
 * that hardly any of it serves both.
 */
function graphBytes(net: Net, training: Training, T: number): number {
  const { config, precision, portions } = net
  const [piece] = rowPieces(net, T)
  if (piece === undefined || training.kind === 'none') return 0
  // Logits, their softmax and its gradient; a scalar head has one number a row.
  const outputs = config.head === 'scalar' ? 1 : config.vocabulary
  const head = 3 * dtypes[precision.reduce].bytes * outputs * Math.min(T, portions.headRows)
  const trained = training.kind === 'full' ? 'all' : { rank: training.rank, scale: 1, roles: adaptable }
  const transform = workingBytes(transformBackward(net, trained, piece.rows, []))
  const scores = workingBytes(attendPartBackward(net, { r: portions.leastRows, P: 0 }), { t: T })
  return head + Math.max(transform, scores)
}

export const parameterCount = (config: ModelConfig): number => countOf(parametersOf(config))

/** Number of trained values. */
export const trainedCount = (config: ModelConfig, training: Training): number => countOf(trainedBy(config, training))

/** Values and two moments of what is trained. */
export const checkpointBytes = (config: ModelConfig, training: Training): number =>
  3 * MASTER * trainedCount(config, training)

const countOf = (parameters: readonly { shape: readonly number[] }[]): number =>
  parameters.reduce((sum, { shape }) => sum + elements(shape), 0)
