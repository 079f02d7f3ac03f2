// Working memory that is used again: named buffers that grow to the largest shape asked of them.
import type { Device, Tensor } from './device.ts'
import { elements, type Shape } from '../graph/tensor.ts'

export interface Scratch {
  /** A float32 tensor of that shape over the buffer of that name; its contents last until the name is asked for again. */
  take(name: string, shape: Shape): Tensor<'f32'>
  /** Upload into a buffer of that name. */
  put(name: string, shape: Shape, data: Float32Array): Tensor<'f32'>
  putIds(name: string, shape: Shape, data: BigInt64Array): Tensor<'i64'>
  /** Rows `start` … `start + rows` of a matrix, without a copy. */
  rows<D extends 'f32' | 'i64'>(matrix: Tensor<D>, start: number, rows: number): Tensor<D>
  /** The same elements in another shape. */
  reshaped<D extends 'f32' | 'i64'>(tensor: Tensor<D>, shape: Shape): Tensor<D>
  free(): void
}

interface Buffer {
  whole: Tensor
  views: Map<string, Tensor>
}

/** Views kept per buffer before all are dropped: shapes vary with the data. */
const VIEWS = 512

export function scratchOn(device: Device): Scratch {
  const buffers = new Map<string, Buffer>()
  const pieces = new WeakMap<Tensor, Map<string, Tensor>>()
  const take = <D extends 'f32' | 'i64'>(dtype: D, name: string, shape: Shape): Tensor<D> => {
    const size = elements(shape)
    let buffer = buffers.get(name)
    if (buffer === undefined || elements(buffer.whole.shape) < size) {
      if (buffer) device.free(buffer.whole)
      buffer = { whole: device.alloc(dtype, [size]), views: new Map() }
      buffers.set(name, buffer)
    }
    const key = shape.join()
    let view = buffer.views.get(key)
    if (view === undefined) {
      if (buffer.views.size >= VIEWS) {
        for (const old of buffer.views.values()) device.free(old)
        buffer.views.clear()
      }
      view = device.view(buffer.whole, shape)
      buffer.views.set(key, view)
    }
    return view as Tensor<D>
  }
  const piece = <D extends 'f32' | 'i64'>(whole: Tensor<D>, shape: Shape, offset: number): Tensor<D> => {
    const key = `${offset} ${shape.join()}`
    const known = pieces.get(whole) ?? new Map<string, Tensor>()
    pieces.set(whole, known)
    const made = known.get(key) ?? device.view(whole, shape, offset)
    known.set(key, made)
    return made as Tensor<D>
  }
  return {
    take: (name, shape) => take('f32', name, shape),
    put(name, shape, data) {
      const tensor = take('f32', name, shape)
      device.upload(tensor, data as Float32Array<ArrayBuffer>)
      return tensor
    },
    putIds(name, shape, data) {
      const tensor = take('i64', name, shape)
      device.upload(tensor, data as BigInt64Array<ArrayBuffer>)
      return tensor
    },
    rows(matrix, start, rows) {
      const [all = 0, width = 1] = matrix.shape
      return all === rows ? matrix : piece(matrix, [rows, width], start * width)
    },
    reshaped: (tensor, shape) => piece(tensor, shape, 0),
    free() {
      for (const { whole } of buffers.values()) device.free(whole)
      buffers.clear()
    },
  }
}
