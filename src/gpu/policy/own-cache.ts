// Keys and values of the completions being decoded, kept on the device and growing with them.
//
// Letters as in block.ts; B rows decoded together. Time comes first, [t, B·K, H], so that a new entry is one stretch of memory.
import { copyTensor } from '../device/copy.ts'
import type { Tensor } from '../device/device.ts'
import type { Engine } from './engine.ts'

/** A new cache holds this many tokens of each row; a full one is copied to one of twice the size. */
const FIRST_CAPACITY = 64

export interface OwnCache {
  /** Entry t of a layer's keys or values, [B·K, H]. */
  slot(layer: number, kind: 'keys' | 'values', t: number): Tensor<'f32'>
  /** Entries 0 … t − 1, [t, B·K, H]. */
  upTo(layer: number, kind: 'keys' | 'values', t: number): Tensor<'f32'>
  /** Make room for entry t. */
  reserve(t: number): void
  free(): void
}

/** An empty cache for so many rows. Views that it gave are good until the next `reserve`. */
export function ownCache(engine: Engine, rows: number): OwnCache {
  const { config, programs } = engine
  const { device } = programs
  const width = rows * config.kvHeads
  const H = config.headDim
  let capacity = FIRST_CAPACITY
  const make = () =>
    Array.from({ length: config.layers }, () => ({
      keys: device.alloc('f32', [capacity, width, H]),
      values: device.alloc('f32', [capacity, width, H]),
    }))
  let buffers = make()
  let views: Tensor[] = []
  const view = (whole: Tensor<'f32'>, shape: number[], offset: number) => {
    const tensor = device.view(whole, shape, offset)
    views.push(tensor)
    return tensor
  }
  const release = (old: typeof buffers) => {
    for (const { keys, values } of old) {
      device.free(keys)
      device.free(values)
    }
    views = []
  }
  return {
    slot: (layer, kind, t) => view(buffers[layer]![kind], [width, H], t * width * H),
    upTo: (layer, kind, t) => view(buffers[layer]![kind], [t, width, H], 0),
    reserve(t) {
      for (const tensor of views.splice(0)) device.free(tensor)
      if (t < capacity) return
      const old = buffers
      capacity *= 2
      buffers = make()
      old.forEach((layer, i) => {
        for (const kind of ['keys', 'values'] as const)
          copyTensor(programs, layer[kind], buffers[i]![kind], t * width * H)
      })
      release(old)
    },
    free: () => release(buffers),
  }
}
