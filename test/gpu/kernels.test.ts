// The table of CUDA kernels, and every graph that hone builds against it.
import { expect, test } from 'bun:test'
import { cut, input, op, scalar } from '../../src/gpu/graph.ts'
import { cudaFaults } from '../../src/gpu/kernels.ts'

test('a graph of operators with kernels has no fault', () => {
  const x = input('f32', [4, 'n'])
  expect(cudaFaults(cut('good', { x }, { y: op('Softmax', [op('Mul', [x, scalar(2)])], { axis: -1 }) }))).toEqual([])
})

test('an operator without a kernel for the type of its data is named with its graph', () => {
  const x = input('bf16', [4])
  expect(cudaFaults(cut('half', { x }, { y: op('Log', [x]) }))).toEqual(['half: Log has no kernel for bf16'])
})

test('a mean over a middle axis needs cuDNN, over first, last and all axes it does not', () => {
  const mean = (shape: number[], axes: number[]) => {
    const x = input('f32', shape)
    return cudaFaults(cut('mean', { x }, { y: op('ReduceMean', [x], { axes, keepdims: 1 }) }))
  }
  for (const [shape, axes] of [
    [[2, 3, 4], [0]],
    [
      [2, 3, 4],
      [1, 2],
    ],
    [
      [2, 3, 4],
      [0, 1, 2],
    ],
    [[2, 3, 1], [1]],
    [[2, 3, 4], [-1]],
  ] as const)
    expect(mean([...shape], [...axes])).toEqual([])
  expect(mean([2, 3, 4], [1])).toEqual(['mean: ReduceMean over axes 1 of [2,3,4] needs cuDNN'])
  expect(mean([2, 3, 4], [0, 2])).toHaveLength(1)
})
