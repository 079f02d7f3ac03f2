// Prefill: keys and values of prompts, computed once a group and read by all of its completions.
//
// Letters as in block.ts.
import { MASKED, rowsOf, sizesKey, type BatchSizes } from '../net/sizes.ts'
import { angles, padded } from './batch.ts'
import { prefillGraph } from '../net/block-graphs.ts'
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import { layerWeights, type Engine } from './engine.ts'
import { allocate, free, move, pieces, type LayerCache } from './layer-cache.ts'
import { embedRows } from './passes.ts'

/** Prompt rows prefilled together at most. */
const PREFILL_ROWS = 2048

/** Keys and values are [N, K, P, H]. */
export interface PromptCache extends Readonly<LayerCache> {
  /** P */
  readonly length: number
  /** [N, 1, 1, P] */
  readonly mask: Tensor<Float>
  /** Go on with these groups alone. */
  keep(groups: readonly number[]): void
  free(): void
}

/** Keys and values of every prompt but its last token, a few prompts at a time; undefined where all are that short. */
export function prefill(engine: Engine, prompts: readonly (readonly number[])[]): PromptCache | undefined {
  const { kvHeads: K, headDim: H } = engine.config
  let lengths = prompts.map((prompt) => prompt.length - 1)
  const P = padded(lengths.reduce((most, length) => Math.max(most, length), 0))
  if (P === 0) return undefined
  const cache = allocate(engine, [prompts.length, K, P, H])
  const atOnce = Math.max(1, Math.floor(PREFILL_ROWS / P))
  for (let first = 0; first < prompts.length; first += atOnce)
    prefillSome(engine, prompts.slice(first, first + atOnce), P, cache, first)
  let mask = maskOf(engine, lengths, P)
  return {
    ...cache,
    length: P,
    get mask() {
      return mask
    },
    keep(groups) {
      lengths = groups.map((group) => lengths[group]!)
      move(engine, cache, [groups.length, K, P, H], pieces(engine, K * P * H, groups))
      mask = maskOf(engine, lengths, P)
    },
    free: () => free(engine, cache),
  }
}

/** [N, 1, 1, P] */
function maskOf({ precision, scratch }: Engine, lengths: readonly number[], P: number): Tensor<Float> {
  const mask = new Float32Array(lengths.length * P)
  lengths.forEach((length, n) => mask.fill(MASKED, n * P + length, (n + 1) * P))
  return scratch.put(precision.compute, 'decode mask', [lengths.length, 1, 1, P], mask)
}

/** Neighbouring prompts, the first of which is group `first`, into their part of the cache. */
function prefillSome(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  P: number,
  cache: LayerCache,
  first: number,
): void {
  const { config, precision, programs, scratch, parameters } = engine
  const { layers, kvHeads: K, headDim: H, hidden: D } = config
  const sizes: BatchSizes = { groups: prompts.length, samples: 0, prompt: P, completion: 0 }
  const T = rowsOf(sizes)
  const ids = new BigInt64Array(T)
  const positions = Int32Array.from({ length: T }, (_, row) => row % P)
  prompts.forEach((prompt, n) => {
    for (let i = 0; i < prompt.length - 1; i++) ids[n * P + i] = BigInt(prompt[i]!)
  })
  const { cos, sin } = angles(config, positions)
  const { compute } = precision
  const rope = {
    cos: scratch.put(compute, 'cos', [T, H / 2], cos),
    sin: scratch.put(compute, 'sin', [T, H / 2], sin),
  }
  const stream = [scratch.take(compute, 'stream even', [T, D]), scratch.take(compute, 'stream odd', [T, D])] as const
  embedRows(engine, scratch.putIds('ids', [T], ids), stream[0], parameters.weight)
  const range = (whole: Tensor<Float>) => programs.device.view(whole, [prompts.length, K, P, H], first * K * P * H)
  for (let layer = 0; layer < layers; layer++) {
    const outputs = { keys: range(cache.keys[layer]!), values: range(cache.values[layer]!) }
    programs.run(
      `prefill ${sizesKey(sizes, false)}`,
      () => prefillGraph(engine, sizes),
      { x: stream[layer % 2]!, ...rope, ...layerWeights(config, layer, parameters.weight) },
      { y: stream[(layer + 1) % 2]!, ...outputs },
    )
    for (const view of Object.values(outputs)) programs.device.free(view)
  }
}
