// The lower end of the model as graphs: embedding of ids.
//
// Letters: T rows, D hidden, V vocabulary.
import type { Net } from './net.ts'
import type { Value } from '../graph/value.ts'
import { cast, op, scatterAdd } from '../graph/graph.ts'

/** Rows of the embedding [V, D]: ids [T] → x [T, D]. */
export function embed({ precision }: Net, ids: Value, weight: Value): Value {
  return cast(op('Gather', [weight, ids]), precision.compute)
}

/** The embedding's accumulated gradient [V, D] with the rows' gradients [T, D] added at ids [T, 1]. */
export function embedGradient(accumulated: Value, ids: Value, dx: Value): Value {
  return scatterAdd(accumulated, ids, cast(dx, accumulated.dtype))
}
