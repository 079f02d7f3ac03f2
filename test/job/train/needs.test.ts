// What a run needs against what there is.
import { expect, test } from 'bun:test'
import { noRoom } from '../../../src/job/train/needs.ts'

const GiB = 2 ** 30
const memory = {
  weights: 2 * GiB,
  reference: 2 * GiB,
  training: 6 * GiB,
  cache: GiB,
  activations: GiB,
  graphs: 0,
  runtime: 0,
  total: 12 * GiB,
}

test('the first part with which the memory does not suffice is named', () => {
  expect(noRoom(memory, 12 * GiB)).toBeUndefined()
  expect(noRoom(memory, 9 * GiB)).toBe('training: with them 10.00 GiB are needed, the machine has 9.00 GiB')
  expect(noRoom(memory, GiB)).toStartWith('weights: with them 2.00 GiB')
})
