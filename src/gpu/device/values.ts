// The values of tensors of any float type, as float32 arrays.
import { decode, encode, type Float } from '../graph/float.ts'
import type { Tensor } from './device.ts'

/** Overwrites the whole tensor. */
export function setValues<D extends Float>(tensor: Tensor<D>, values: Float32Array): void {
  tensor.device.upload(tensor, encode(tensor.dtype, values))
}

/** What the tensor holds. Of a float32 tensor it may be a live view, as `Device.download` says. */
export function valuesOf<D extends Float>(tensor: Tensor<D>): Float32Array<ArrayBuffer> {
  return decode(tensor.dtype, tensor.device.download(tensor))
}
