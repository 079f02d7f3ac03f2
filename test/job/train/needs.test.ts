// What a run needs against what there is.
import { expect, test } from 'bun:test'
import { lacking } from '../../../src/job/train/needs.ts'

const GiB = 2 ** 30
const memory = {
  weights: 2 * GiB,
  reference: 2 * GiB,
  training: 6 * GiB,
  cache: GiB,
  activations: GiB,
  graphs: 0,
  runtime: GiB,
  total: 13 * GiB,
}

test('the first part with which the memory does not suffice is named', () => {
  const on = (memory: number) => ({ name: 'cpu', memory })
  expect(lacking(memory, on(13 * GiB))).toBeUndefined()
  expect(lacking(memory, on(12 * GiB))).toBe('runtime: with them 13.00 GiB are needed, the machine has 12.00 GiB')
  expect(lacking(memory, on(9 * GiB))).toBe('training: with them 10.00 GiB are needed, the machine has 9.00 GiB')
  expect(lacking(memory, on(GiB))).toStartWith('weights: with them 2.00 GiB')
})

test('a card has to hold all but the program itself', () => {
  const on = (memory: number) => ({ name: 'cuda:1', memory })
  expect(lacking(memory, on(12 * GiB))).toBeUndefined()
  expect(lacking(memory, on(10.5 * GiB))).toBe('cache: with them 11.00 GiB are needed, cuda:1 has 10.50 GiB')
})

test('processes share the memory of the machine, and have a card each', () => {
  const on = (name: string) => ({ name, memory: 20 * GiB })
  expect(lacking(memory, on('cpu'), 2)).toBe('cache: with them 22.00 GiB are needed, the machine has 20.00 GiB')
  expect(lacking(memory, on('cuda:0'), 2)).toBeUndefined()
})
