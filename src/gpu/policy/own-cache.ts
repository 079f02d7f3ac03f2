// Keys and values of the completions being decoded, kept on the device and growing with them.
//
// Letters as in block.ts; B rows decoded together. Time comes first, [t, B·K, H], so that a new entry is one stretch of memory.
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import type { Engine } from './engine.ts'
import { allocate, free, leading, move, pieces } from './layer-cache.ts'

/** A new cache holds this many tokens of each row; a full one is copied to one of twice the size. None is longer than its rows may be. */
const FIRST_CAPACITY = 64

export interface OwnCache {
  /** Entry t of a layer's keys or values, [B·K, H]. */
  slot(layer: number, kind: 'keys' | 'values', t: number): Tensor<Float>
  /** Entries 0 … t − 1, [t, B·K, H]. */
  upTo(layer: number, kind: 'keys' | 'values', t: number): Tensor<Float>
  /** Make room for entry t. */
  reserve(t: number): void
  /** Go on with these rows alone, which have t entries. */
  keep(rows: readonly number[], t: number): void
  free(): void
}

/** An empty cache for so many rows of at most `length` tokens. Views that it gave are good until the next `reserve` or `keep`. */
export function ownCache(engine: Engine, rows: number, length: number): OwnCache {
  const { config, programs } = engine
  const { device } = programs
  const { kvHeads: K, headDim: H } = config
  let width = rows * K
  let capacity = Math.min(FIRST_CAPACITY, length)
  const cache = allocate(engine, [capacity, width, H])
  let views: Tensor[] = []
  const view = (whole: Tensor<Float>, shape: number[], offset: number) => {
    const tensor = device.view(whole, shape, offset)
    views.push(tensor)
    return tensor
  }
  const forgetViews = () => {
    for (const tensor of views) device.free(tensor)
    views = []
  }
  return {
    slot: (layer, kind, t) => view(cache[kind][layer]!, [width, H], t * width * H),
    upTo: (layer, kind, t) => view(cache[kind][layer]!, [t, width, H], 0),
    reserve(t) {
      forgetViews()
      if (t < capacity) return
      capacity = Math.min(2 * capacity, length)
      move(engine, cache, [capacity, width, H], leading(engine, t * width * H))
    },
    keep(rows, t) {
      forgetViews()
      const heads = rows.flatMap((row) => Array.from({ length: K }, (_, k) => row * K + k))
      const entries = Array.from({ length: t }, (_, time) => heads.map((head) => time * width + head)).flat()
      width = heads.length
      const fill = t === 0 ? () => {} : pieces(engine, H, entries)
      move(engine, cache, [capacity, width, H], fill)
    },
    free() {
      forgetViews()
      free(engine, cache)
    },
  }
}
