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
  /** Elements from `offset` on in another shape, without a copy; made once. */
  part<D extends DType>(tensor: Tensor<D>, shape: Shape, offset: number): Tensor<D>
  free(): void
}

interface Buffer {
  whole: Tensor
  /** Every part that was asked for, by its offset and shape. */
  views: Map<string, Tensor>
}

/** Views kept per buffer before all are dropped, when it is asked for next: shapes vary with the data. */
const VIEWS = 2 ** 14

export function scratchOn(device: Device): Scratch {
  const buffers = new Map<string, Buffer>()
  /** Where the tensors lie that came from here. */
  const homes = new WeakMap<Tensor, { buffer: Buffer; offset: number }>()
  const view = <D extends DType>(buffer: Buffer, shape: Shape, offset: number): Tensor<D> => {
    const key = `${offset} ${shape.join()}`
    let found = buffer.views.get(key)
    if (found === undefined) {
      found = device.view(buffer.whole, shape, offset)
      buffer.views.set(key, found)
      homes.set(found, { buffer, offset })
    }
    return found as Tensor<D>
  }
  const take = <D extends DType>(dtype: D, name: string, shape: Shape): Tensor<D> => {
    const size = elements(shape)
    let buffer = buffers.get(name)
    if (buffer === undefined || buffer.whole.dtype !== dtype || elements(buffer.whole.shape) < size) {
      if (buffer) device.free(buffer.whole)
      buffer = { whole: device.alloc(dtype, [size]), views: new Map() }
      buffers.set(name, buffer)
    }
    if (buffer.views.size >= VIEWS) {
      for (const old of buffer.views.values()) device.free(old)
      buffer.views.clear()
    }
    return view(buffer, shape, 0)
  }
  const part = <D extends DType>(tensor: Tensor<D>, shape: Shape, offset: number): Tensor<D> => {
    const home = homes.get(tensor) ?? { buffer: { whole: tensor, views: new Map() }, offset: 0 }
    homes.set(tensor, home)
    return view(home.buffer, shape, home.offset + offset)
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
      return all === rows ? matrix : part(matrix, [rows, width], start * width)
    },
    part,
    free() {
      for (const { whole } of buffers.values()) device.free(whole)
      buffers.clear()
    },
  }
}
