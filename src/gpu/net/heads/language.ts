// The language head: final norm and projection to the vocabulary. Of each row the log-prob of its label, and the entropy; where a
// mask holds it, of the law that the mask leaves, and the log of the probability that it leaves; and how many tokens are likelier.
import { linear, normalize } from '../block.ts'
import type { Head, HeadInputs } from '../head.ts'
import type { Net } from '../net.ts'
import type { Value } from '../../graph/value.ts'
import { cast, input, op } from '../../graph/graph.ts'

export const language = {
  roles: () => ['finalNorm', 'head'],
  /** The token that each row predicts, [M, 1], 1 / temperature, [], and what is added to logits of tokens that may not come, [M, V]. */
  given: ({ config, precision }, rows, masked) => ({
    labels: input('i64', [rows, 1]),
    inverseTemperature: input(precision.compute, []),
    ...(masked && { mask: input(precision.reduce, [rows, config.vocabulary]) }),
  }),
  results(net, inputs) {
    const { mask, ...given } = inputs.given
    const of = (each: HeadInputs) => op('LogSoftmax', [scaledLogits(net, each)], { axis: -1 })
    const ofLabel = (logprobs: Value) => op('GatherElements', [logprobs, given['labels']!], { axis: 1 })
    const logprobs = of(inputs)
    return {
      logprobs: ofLabel(logprobs),
      likelier: likelierThan(ofLabel(logprobs), logprobs),
      entropies: entropyOf(logprobs),
      // A token that the mask leaves is more likely by what it takes from the others: log p − log p∘mask.
      ...(mask && { allowed: op('Sub', [ofLabel(of({ ...inputs, given })), ofLabel(logprobs)]) }),
    }
  },
  /** dz = dℓ·(onehot − p) − dH·p∘(log p + H). The one-hot is never built. */
  seeds(net, inputs, { logprobs, entropies }) {
    const logits = scaledLogits(net, inputs)
    const p = op('Softmax', [logits], { axis: -1 })
    const operands = [op('Mul', [p, op('Neg', [logprobs!])]), inputs.given['labels']!, logprobs!]
    const spread = op('ScatterElements', operands, { axis: 1, reduction: 'add' })
    return new Map([[logits, entropies ? op('Sub', [spread, entropySlope(logits, p, entropies)]) : spread]])
  },
} satisfies Head

/** Logits over the temperature, [M, V], those of tokens that may not come very negative. */
export function scaledLogits({ config, precision }: Net, { x, weights, given }: HeadInputs): Value {
  const scaled = op('Mul', [normalize(x, weights.finalNorm!, config), given['inverseTemperature']!])
  const logits = cast(linear(scaled, weights.head!), precision.reduce)
  return given['mask'] ? op('Add', [logits, given['mask']]) : logits
}

function entropySlope(logits: Value, p: Value, dEntropy: Value): Value {
  const logprobs = op('LogSoftmax', [logits], { axis: -1 })
  return op('Mul', [op('Mul', [p, dEntropy]), op('Add', [logprobs, entropyOf(logprobs)])])
}

/**
 * How many tokens are likelier than the label of each row, [M, 1], and a half for each that is as likely, itself included: a step
 * function of the difference, summed, for the maximum along an axis needs cuDNN on CUDA.
 */
function likelierThan(label: Value, logprobs: Value): Value {
  const steps = op('Sigmoid', [op('Mul', [op('Sub', [logprobs, label]), STEEP])])
  return op('ReduceSum', [steps], { axes: [1], keepdims: 1 })
}

/** Differences of log-probs above some 1e-5 are told. */
const STEEP = 1e6

/** H = −Σ p log p of each row, [M, 1]. */
function entropyOf(logprobs: Value): Value {
  const terms = op('Mul', [op('Exp', [logprobs]), logprobs])
  return op('Mul', [op('ReduceSum', [terms], { axes: [1], keepdims: 1 }), -1])
}
