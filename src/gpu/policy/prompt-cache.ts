// Prefill: keys and values of prompts, computed once a group and read by all of its completions.
//
// Letters as in block.ts.
import { rowsOf, sizesKey, type BatchSizes } from '../net/sizes.ts'
import { angles } from './batch.ts'
import { prefillGraph } from '../net/block-graphs.ts'
import type { Tensor } from '../device/device.ts'
import { layerWeights, type Engine } from './engine.ts'
import { embedRows } from './passes.ts'

/** Prompt rows prefilled together at most. */
const PREFILL_ROWS = 2048
const MASKED = -1e30

export interface PromptCache {
  /** Per layer, [N, K, P, H]. */
  keys: Tensor<'f32'>[]
  values: Tensor<'f32'>[]
  /** [N, 1, 1, P] */
  mask: Tensor<'f32'>
}

/** Keys and values of every prompt but its last token, a few prompts at a time. */
export function prefill(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  sizes: BatchSizes,
): PromptCache | undefined {
  const { config, programs, scratch, parameters } = engine
  const { groups: N, prompt: P } = sizes
  if (P === 0) return undefined
  const { layers, kvHeads: K, headDim: H, hidden: D } = config
  const caches = (name: string) =>
    Array.from({ length: layers }, (_, layer) => scratch.take(`prompt ${name} ${layer}`, [N, K, P, H]))
  const keys = caches('keys')
  const values = caches('values')
  const mask = new Float32Array(N * P)
  prompts.forEach((prompt, n) => mask.fill(MASKED, n * P + prompt.length - 1, (n + 1) * P))
  const atOnce = Math.max(1, Math.floor(PREFILL_ROWS / P))
  for (let first = 0; first < N; first += atOnce) {
    const n = Math.min(atOnce, N - first)
    const some: BatchSizes = { groups: n, samples: 0, prompt: P, completion: 0 }
    const T = rowsOf(some)
    const ids = new BigInt64Array(T)
    const positions = Int32Array.from({ length: T }, (_, row) => row % P)
    prompts.slice(first, first + n).forEach((prompt, i) => {
      for (let j = 0; j < prompt.length - 1; j++) ids[i * P + j] = BigInt(prompt[j]!)
    })
    const { cos, sin } = angles(config, positions)
    const rope = { cos: scratch.put('cos', [T, H / 2], cos), sin: scratch.put('sin', [T, H / 2], sin) }
    const stream = [scratch.take('stream even', [T, D]), scratch.take('stream odd', [T, D])] as const
    embedRows(engine, scratch.putIds('ids', [T], ids), stream[0], parameters.weight)
    const range = (tensor: Tensor<'f32'>) => {
      const rows = scratch.rows(scratch.reshaped(tensor, [N * K * P, H]), first * K * P, n * K * P)
      return scratch.reshaped(rows, [n, K, P, H])
    }
    for (let layer = 0; layer < layers; layer++)
      programs.run(
        `prefill ${sizesKey(some, false)}`,
        () => prefillGraph(config, some),
        { x: stream[layer % 2]!, ...rope, ...layerWeights(config, layer, parameters.weight) },
        { y: stream[(layer + 1) % 2]!, keys: range(keys[layer]!), values: range(values[layer]!) },
      )
  }
  return { keys, values, mask: scratch.put('decode mask', [N, 1, 1, P], mask) }
}
