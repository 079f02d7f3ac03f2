// What tokens are drawn from: the head over the rows that draw one, a few rows at a time.
//
// Letters as in head.ts.
import { columnLinear } from '../net/decode.ts'
import { cast, cut, input, op } from '../graph/graph.ts'
import { linear, normalize } from '../net/block.ts'
import { heads } from '../net/heads.ts'
import { headInputs } from '../net/head.ts'
import type { Tensor } from '../device/device.ts'
import { valuesOf } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/net.ts'
import type { Engine } from './engine.ts'
import type { Head } from './law.ts'
import { formOf } from './token-pass.ts'

/** Bytes of scores computed and fetched at a time. */
const SCORE_BYTES = 2 ** 26
/** Rows beyond which weights are read more than once. */
const MOST_ROWS = 32

/** Rows whose scores are computed at a time. */
export const rowsAtOnce = ({ config, precision }: Net): number =>
  Math.max(1, Math.min(MOST_ROWS, Math.floor(SCORE_BYTES / (dtypes[precision.reduce].bytes * config.vocabulary))))

/** Probabilities [M, V] of M rows of x [T, D], or logits where the head is raw; good until the next call. */
export function scoresOf(engine: Engine, x: Tensor<Float>, rows: readonly number[], head: Head): Float32Array {
  const { config, precision, programs, scratch, parameters } = engine
  const M = rows.length
  const few = formOf(M) === 'columns'
  const make = () => {
    const { weights, given } = headInputs(engine, heads.language, 1)
    const stream = input(precision.compute, ['T', config.hidden])
    const chosen = input('i64', ['M'])
    const normed = normalize(op('Gather', [stream, chosen]), weights.finalNorm!, config)
    const scaled = op('Mul', [normed, given['inverseTemperature']!])
    const logits = cast((few ? columnLinear : linear)(scaled, weights.head!), precision.reduce)
    const inputs = { x: stream, rows: chosen, inverseTemperature: given['inverseTemperature']!, ...weights }
    return cut(`decode-head-${formOf(M)}`, inputs, {
      scores: head.raw ? logits : op('Softmax', [logits], { axis: -1 }),
    })
  }
  const scores = scratch.take(precision.reduce, 'decode scores', [M, config.vocabulary])
  programs.run(
    `decode head ${formOf(M)} ${head.raw}`,
    make,
    {
      x,
      rows: scratch.putIds('decode rows', [M], BigInt64Array.from(rows, BigInt)),
      finalNorm: parameters.weight('finalNorm'),
      head: parameters.weight('head'),
      inverseTemperature: scratch.put(precision.compute, 'inverse temperature', [], Float32Array.of(1 / head.scale)),
    },
    { scores },
  )
  return valuesOf(scores)
}
