// Keys and values of every layer on the device, and how what is kept of them moves to other memory.
import { copyTensor, gatherRows } from '../device/copy.ts'
import type { Tensor } from '../device/device.ts'
import type { Float } from '../graph/float.ts'
import { dtypes, elements, type Shape } from '../graph/tensor.ts'
import type { Net } from '../net/precision.ts'
import type { Engine } from './engine.ts'

/** Per layer. */
export interface LayerCache {
  keys: Tensor<Float>[]
  values: Tensor<Float>[]
}

/** Bytes of the keys and values of one token. */
export const tokenBytes = ({ config: { layers, kvHeads, headDim }, precision }: Net): number =>
  dtypes[precision.compute].bytes * layers * 2 * kvHeads * headDim

/** Most tokens, and bytes of their keys and values, that a session holds which names no budget. */
const [TOKENS, BYTES] = [2 ** 16, 2 ** 31]

export const standardBudget = (net: Net): number => Math.min(TOKENS, Math.floor(BYTES / tokenBytes(net)))

export function allocate({ config, precision, programs }: Engine, shape: Shape): LayerCache {
  const tensors = () => Array.from({ length: config.layers }, () => programs.device.alloc(precision.compute, shape))
  return { keys: tensors(), values: tensors() }
}

export function free({ programs }: Engine, { keys, values }: LayerCache): void {
  for (const tensor of [...keys, ...values]) programs.device.free(tensor)
}

/** To tensors of another shape, one at a time: `fill` gives the new one what it keeps, then the old one is freed. */
export function move(
  { programs }: Engine,
  cache: LayerCache,
  shape: Shape,
  fill: (from: Tensor<Float>, to: Tensor<Float>) => void,
): void {
  for (const tensors of [cache.keys, cache.values])
    tensors.forEach((from, layer) => {
      const to = programs.device.alloc(from.dtype, shape)
      fill(from, to)
      programs.device.free(from)
      tensors[layer] = to
    })
}

/** A filler for `move`: the first `count` elements. */
export const leading =
  ({ programs }: Engine, count: number) =>
  (from: Tensor<Float>, to: Tensor<Float>): void =>
    copyTensor(programs, from, to, count)

/** A filler for `move`: pieces of `width` elements, those named by `index` one after the other. */
export function pieces({ programs, scratch }: Engine, width: number, index: readonly number[]) {
  const { device } = programs
  const rows = scratch.putIds('kept rows', [index.length], BigInt64Array.from(index, BigInt))
  return (from: Tensor<Float>, to: Tensor<Float>): void => {
    const source = device.view(from, [elements(from.shape) / width, width])
    const target = device.view(to, [index.length, width])
    gatherRows(programs, source, rows, target)
    device.free(source)
    device.free(target)
  }
}
