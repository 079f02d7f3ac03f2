// The scalar head: final norm and one row of weights. A number for each row: the score of a text that ends there, or the value
// of what follows.
import { linear, normalize } from '../block.ts'
import type { Head, HeadInputs } from '../head.ts'
import type { Net } from '../net.ts'
import type { Value } from '../../graph/value.ts'
import { cast, op } from '../../graph/graph.ts'

export const scalar = {
  roles: ({ scoreBias }) => ['finalNorm', 'score', ...(scoreBias ? ['scoreBias' as const] : [])],
  given: () => ({}),
  results: (net, inputs) => ({ values: values(net, inputs) }),
  seeds: (net, inputs, slopes) => new Map([[values(net, inputs), slopes['values']!]]),
} satisfies Head

/** [M, 1] */
function values({ config, precision }: Net, { x, weights: { finalNorm, score, scoreBias } }: HeadInputs): Value {
  const product = linear(normalize(x, finalNorm!, config), score!)
  return cast(scoreBias ? op('Add', [product, cast(scoreBias, product.dtype)]) : product, precision.reduce)
}
