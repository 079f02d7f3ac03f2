// What is trained, with gradients and moments, all in float32 whatever graphs compute in.
import type { Device, Tensor } from '../device/device.ts'
import { elements, type Shape } from '../graph/tensor.ts'

/** One trained tensor, its gradient and moments: views of four flat buffers that lie in the same order. */
export interface Trained {
  name: string
  shape: Shape
  /** First element in the flat buffers. */
  offset: number
  value: Tensor<'f32'>
  gradient: Tensor<'f32'>
  moment1: Tensor<'f32'>
  moment2: Tensor<'f32'>
}

export interface TrainedSet {
  tensors: readonly Trained[]
  byName: ReadonlyMap<string, Trained>
  /** Flat buffers over all trained tensors, [n]. */
  value: Tensor<'f32'>
  gradient: Tensor<'f32'>
  moment1: Tensor<'f32'>
  moment2: Tensor<'f32'>
}

/** Zeros for so many parameters. `keep` is told each tensor that is to be freed. */
export function trainedSet(
  device: Device,
  keep: <T extends Tensor>(tensor: T) => T,
  parameters: readonly { name: string; shape: Shape }[],
): TrainedSet {
  const total = parameters.reduce((sum, { shape }) => sum + elements(shape), 0)
  const flat = () => keep(device.alloc('f32', [total]))
  const [value, gradient, moment1, moment2] = [flat(), flat(), flat(), flat()]
  let offset = 0
  const tensors = parameters.map(({ name, shape }): Trained => {
    const start = offset
    offset += elements(shape)
    return {
      name,
      shape,
      offset: start,
      value: device.view(value, shape, start),
      gradient: device.view(gradient, shape, start),
      moment1: device.view(moment1, shape, start),
      moment2: device.view(moment2, shape, start),
    }
  })
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  return { tensors, byName, value, gradient, moment1, moment2 }
}
