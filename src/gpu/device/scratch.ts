// Working memory that is used again: named buffers that grow to the largest shape asked of them.
import type { Device, Tensor } from './device.ts'
import { setValues } from './values.ts'
import type { Float } from '../graph/float.ts'
import { type DType, elements, type Shape } from '../graph/tensor.ts'

export interface Scratch {
  /** A tensor over the buffer of that name; its contents last until the name is asked for again. */
  take<D extends DType>(dtype: D, name: string, shape: Shape): Tensor<D>
  /** Values in a buffer of that name. */
  put<D extends Float>(dtype: D, name: string, shape: Shape, values: Float32Array): Tensor<D>
  putIds(name: string, shape: Shape, data: BigInt64Array): Tensor<'i64'>
  /** Rows `start` … `start + rows` of a matrix, without a copy. */
  rows<D extends DType>(matrix: Tensor<D>, start: number, rows: number): Tensor<D>
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
  const take = <D extends DType>(dtype: D, name: string, shape: Shape): Tensor<D> => {
    const size = elements(shape)
    let buffer = buffers.get(name)
    if (buffer === undefined || buffer.whole.dtype !== dtype || elements(buffer.whole.shape) < size) {
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
  const piece = <D extends DType>(whole: Tensor<D>, shape: Shape, offset: number): Tensor<D> => {
    const key = `${offset} ${shape.join()}`
    const known = pieces.get(whole) ?? new Map<string, Tensor>()
    pieces.set(whole, known)
    const made = known.get(key) ?? device.view(whole, shape, offset)
    known.set(key, made)
    return made as Tensor<D>
  }
  return {
    take,
    put(dtype, name, shape, values) {
      const tensor = take(dtype, name, shape)
      setValues(tensor, values)
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
    free() {
      for (const { whole } of buffers.values()) device.free(whole)
      buffers.clear()
    },
  }
}
