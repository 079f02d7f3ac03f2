// The language head: final norm and projection to the vocabulary. Of each row the log-prob of its label, and the entropy.
import { linear, normalize } from '../block.ts'
import type { Head, HeadInputs } from '../head.ts'
import type { Net } from '../precision.ts'
import type { Value } from '../../graph/value.ts'
import { cast, input, op } from '../../graph/graph.ts'

export const language = {
  roles: () => ['finalNorm', 'head'],
  /** The token that each row predicts, [M, 1], and 1 / temperature, []. */
  given: ({ precision }, rows) => ({
    labels: input('i64', [rows, 1]),
    inverseTemperature: input(precision.compute, []),
  }),
  results(net, inputs) {
    const logprobs = op('LogSoftmax', [scaledLogits(net, inputs)], { axis: -1 })
    return {
      logprobs: op('GatherElements', [logprobs, inputs.given['labels']!], { axis: 1 }),
      entropies: entropyOf(logprobs),
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

/** Logits over the temperature, [M, V]. */
export function scaledLogits({ config, precision }: Net, { x, weights, given }: HeadInputs): Value {
  const scaled = op('Mul', [normalize(x, weights.finalNorm!, config), given['inverseTemperature']!])
  return cast(linear(scaled, weights.head!), precision.reduce)
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
