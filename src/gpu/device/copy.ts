// Copying tensors where they lie, without a way through the host.
import type { Tensor } from './device.ts'
import { cast, cut, input, op } from '../graph/graph.ts'
import type { Programs } from './programs.ts'
import { elements } from '../graph/tensor.ts'

/** Copy the first `count` elements (all, unless given) of one tensor over the first of another, in the type of that one. */
export function copyTensor(programs: Programs, from: Tensor, to: Tensor, count: number = elements(from.shape)): void {
  const { device } = programs
  const make = () => {
    const x = input(from.dtype, ['n'])
    return cut('copy', { x }, { y: from.dtype === to.dtype ? op('Identity', [x]) : cast(x, to.dtype) })
  }
  const [source, target] = [device.view(from, [count]), device.view(to, [count])]
  programs.run(`copy ${from.dtype} ${to.dtype}`, make, { x: source }, { y: target })
  device.free(source)
  device.free(target)
}
