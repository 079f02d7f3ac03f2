// One token step of decoding on the device: all blocks for every row, then the head for a few rows at a time.
//
// Letters as in block.ts; B = N·G rows decoded together.
import { angles } from './batch.ts'
import { attendStep, projectStep } from '../net/decode.ts'
import { cut, op } from '../graph/graph.ts'
import { headInputs, named } from '../net/head.ts'
import { heads } from '../net/heads.ts'
import { scaledLogits } from '../net/heads/language.ts'
import type { Tensor } from '../device/device.ts'
import { valuesOf } from '../device/values.ts'
import type { Float } from '../graph/float.ts'
import { dtypes } from '../graph/tensor.ts'
import type { Net } from '../net/precision.ts'
import { layerWeights, type Engine } from './engine.ts'
import type { Head } from './law.ts'
import type { OwnCache } from './own-cache.ts'
import { embedRows } from './passes.ts'
import type { PromptCache } from './prompt-cache.ts'
import type { Tensors } from '../device/programs.ts'

export interface TokenStep {
  /** N, G and P. */
  groups: number
  samples: number
  prompts: PromptCache | undefined
  cache: OwnCache
  /** Entries in each row's own cache. */
  t: number
  /** The last token of each row, [B], and its place in the row's sequence. */
  tokens: BigInt64Array
  positions: readonly number[]
}

/** Keys and values of each row's last token go to the caches; what the head reads comes back, [B, D]. */
export function tokenPass(engine: Engine, step: TokenStep): Tensor<Float> {
  const { config, precision, programs, scratch, parameters } = engine
  const { compute } = precision
  const { groups: N, samples: G, prompts, cache, t, tokens, positions } = step
  const { heads, headDim: H, hidden: D, layers } = config
  const P = prompts?.length ?? 0
  const B = N * G
  cache.reserve(t)
  const { cos, sin } = angles(config, positions)
  const rope = {
    cos: scratch.put(compute, 'decode cos', [B, H / 2], cos),
    sin: scratch.put(compute, 'decode sin', [B, H / 2], sin),
  }
  const stream = [scratch.take(compute, 'decode even', [B, D]), scratch.take(compute, 'decode odd', [B, D])] as const
  const query = scratch.take(compute, 'decode query', [B, heads * H])
  embedRows(engine, scratch.putIds('decode ids', [B], tokens), stream[0], parameters.weight)
  for (let layer = 0; layer < layers; layer++) {
    const weights: Tensors = layerWeights(config, layer, parameters.weight)
    const x = stream[layer % 2]!
    programs.run(
      `decode project ${B}`,
      () => projectStep(engine, B),
      { x, ...rope, ...weights },
      { query, key: cache.slot(layer, 'keys', t), value: cache.slot(layer, 'values', t) },
    )
    programs.run(
      `decode attend ${N}×${G} ${P}`,
      () => attendStep(engine, N, G, P),
      {
        x,
        query,
        ownKeys: cache.upTo(layer, 'keys', t + 1),
        ownValues: cache.upTo(layer, 'values', t + 1),
        ...(prompts && {
          promptKeys: prompts.keys[layer]!,
          promptValues: prompts.values[layer]!,
          promptMask: prompts.mask,
        }),
        ...weights,
      },
      { y: stream[(layer + 1) % 2]! },
    )
  }
  return stream[layers % 2]!
}

/** Bytes of scores computed and fetched at a time. */
const SCORE_BYTES = 2 ** 26

/** Rows whose scores are computed at a time. */
export const rowsAtOnce = ({ config, precision }: Net): number =>
  Math.max(1, Math.floor(SCORE_BYTES / (dtypes[precision.reduce].bytes * config.vocabulary)))

/** Probabilities [M, V] of `rows` rows of x from `first` on, or logits where the head is raw; good until the next call. */
export function scoresOf(engine: Engine, x: Tensor<Float>, first: number, rows: number, head: Head): Float32Array {
  const { config, precision, programs, scratch, parameters } = engine
  const make = () => {
    const inputs = headInputs(engine, heads.language, rows)
    const logits = scaledLogits(engine, inputs)
    return cut(`decode-head-${rows}`, named(inputs), {
      scores: head.raw ? logits : op('Softmax', [logits], { axis: -1 }),
    })
  }
  const scores = scratch.take(precision.reduce, 'decode scores', [rows, config.vocabulary])
  programs.run(
    `decode head ${rows} ${head.raw}`,
    make,
    {
      x: scratch.rows(x, first, rows),
      finalNorm: parameters.weight('finalNorm'),
      head: parameters.weight('head'),
      inverseTemperature: scratch.put(precision.compute, 'inverse temperature', [], Float32Array.of(1 / head.scale)),
    },
    { scores },
  )
  return valuesOf(scores)
}
