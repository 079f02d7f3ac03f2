// Copying tensors where they lie, without a way through the host.
import type { Tensor } from './device.ts'
import { cut, input, op } from '../graph/graph.ts'
import type { Programs } from './programs.ts'
import { elements } from '../graph/tensor.ts'

/** Copy the first `count` elements (all, unless given) of one tensor over the first of another. */
export function copyTensor(
  programs: Programs,
  from: Tensor<'f32'>,
  to: Tensor<'f32'>,
  count: number = elements(from.shape),
): void {
  const { device } = programs
  const make = () => {
    const x = input('f32', ['n'])
    return cut('copy', { x }, { y: op('Identity', [x]) })
  }
  const [source, target] = [device.view(from, [count]), device.view(to, [count])]
  programs.run('copy', make, { x: source }, { y: target })
  device.free(source)
  device.free(target)
}

/** Rows `index` of a matrix, one after the other, into another one of as many columns. */
export function gatherRows(programs: Programs, from: Tensor<'f32'>, index: Tensor<'i64'>, to: Tensor<'f32'>): void {
  programs.run(
    'gather rows',
    () => {
      const x = input('f32', ['n', 'width'])
      const rows = input('i64', ['m'])
      return cut('gather-rows', { x, rows }, { y: op('Gather', [x, rows]) })
    },
    { x: from, rows: index },
    { y: to },
  )
}
