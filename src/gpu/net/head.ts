// The two ends of the model as graphs: embedding of ids, and final norm + language-model head over completion rows.
//
// Letters: M rows of a chunk, D hidden, V vocabulary.
import { linear, normalize } from './block.ts'
import type { Net } from './precision.ts'
import { gradients } from '../graph/grad.ts'
import type { Value } from '../graph/value.ts'
import { cast, input, op } from '../graph/graph.ts'
import { scatterAdd } from '../graph/ops/sums.ts'

/** Rows of the embedding: ids [T] → x [T, D]. */
export function embed({ precision }: Net, ids: Value, weight: Value): Value {
  return cast(op('Gather', [weight, ids]), precision.compute)
}

/** The embedding's accumulated gradient [V, D] with the rows' gradients [T, D] added at ids [T, 1]. */
export function embedGradient(accumulated: Value, ids: Value, dx: Value): Value {
  return scatterAdd(accumulated, ids, cast(dx, accumulated.dtype))
}

/** What the head reads, as graph inputs. */
export interface HeadInputs {
  /** [M, D], before the final norm. */
  x: Value
  /** [D] */
  norm: Value
  /** [V, D] */
  weight: Value
  /** 1 / temperature, []. */
  inverseTemperature: Value
}

export function headInputs({ config: { hidden, vocabulary }, precision }: Net, rows: number): HeadInputs {
  return {
    x: input(precision.compute, [rows, hidden]),
    norm: input(precision.weights, [hidden]),
    weight: input(precision.weights, [vocabulary, hidden]),
    inverseTemperature: input(precision.compute, []),
  }
}

/** Logits over the temperature, [M, V]. */
export function scaledLogits(net: Net, { x, norm, weight, inverseTemperature }: HeadInputs): Value {
  const scaled = op('Mul', [normalize(x, norm, net.config), inverseTemperature])
  return cast(linear(scaled, weight), net.precision.reduce)
}

/** Log-prob of each row's label [M, 1], and the entropy of each row [M, 1]. */
export function labelLogprobs(logits: Value, labels: Value): { logprobs: Value; entropies: Value } {
  const logprobs = op('LogSoftmax', [logits], { axis: -1 })
  return { logprobs: op('GatherElements', [logprobs, labels], { axis: 1 }), entropies: entropyOf(logprobs) }
}

/**
 * Gradients of x, norm and weight from those of the label log-probs and, where given, of the entropies, both [M, 1]:
 * dz = dℓ·(onehot − p) − dH·p∘(log p + H). The one-hot is never built.
 */
export function headGradients(
  net: Net,
  inputs: HeadInputs,
  labels: Value,
  dLogprob: Value,
  dEntropy: Value | undefined,
): { x: Value; norm: Value; weight: Value } {
  const logits = scaledLogits(net, inputs)
  const p = op('Softmax', [logits], { axis: -1 })
  const spread = op('ScatterElements', [op('Mul', [p, op('Neg', [dLogprob])]), labels, dLogprob], {
    axis: 1,
    reduction: 'add',
  })
  const seed = dEntropy ? op('Sub', [spread, entropySlope(logits, p, dEntropy)]) : spread
  const [x, norm, weight] = gradients(new Map([[logits, seed]]), [inputs.x, inputs.norm, inputs.weight])
  return { x: x!, norm: norm!, weight: weight! }
}

function entropySlope(logits: Value, p: Value, dEntropy: Value): Value {
  const logprobs = op('LogSoftmax', [logits], { axis: -1 })
  return op('Mul', [op('Mul', [p, dEntropy]), op('Add', [logprobs, entropyOf(logprobs)])])
}

/** H = −Σ p log p of each row, [M, 1]. */
function entropyOf(logprobs: Value): Value {
  const terms = op('Mul', [op('Exp', [logprobs]), logprobs])
  return op('Mul', [op('ReduceSum', [terms], { axes: [1], keepdims: 1 }), -1])
}
