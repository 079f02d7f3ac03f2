// Checkpoints: whole or not there, and the newest whole one is found.
import { expect, test } from 'bun:test'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { latestCheckpoint, saveCheckpoint } from '../../../src/job/train/checkpoint.ts'
import { scratch } from '../../scratch.ts'

const root = () => join(scratch(), 'checkpoints')
const at = (step: number) => ({
  step,
  position: step * 7,
  tokens: 7 * step,
  run: 'run',
  made: { data: 'a' },
  policy: {
    updates: step * 2,
    tensors: [
      {
        name: 'w',
        shape: [2],
        value: Float32Array.of(step, 0.1),
        moment1: Float32Array.of(1e-30, -0),
        moment2: Float32Array.of(3, 4),
      },
    ],
  },
})

test('what is saved is read back to the bit', () => {
  const directory = root()
  saveCheckpoint(directory, at(5), 2)
  expect(latestCheckpoint(directory, 'run')!.checkpoint).toEqual(at(5))
})

test('the newest ones are kept, steps counted as numbers', () => {
  const directory = root()
  for (const step of [9, 10, 100]) saveCheckpoint(directory, at(step), 2)
  expect(readdirSync(directory).sort()).toEqual(['step-000000010', 'step-000000100'])
})

test('a damaged or half-written checkpoint is passed over, and said', () => {
  const directory = root()
  for (const step of [1, 2, 3]) saveCheckpoint(directory, at(step), 9)
  truncateSync(join(directory, 'step-000000003', 'policy.safetensors'), 20)
  mkdirSync(join(directory, 'step-000000004.tmp'))
  const latest = latestCheckpoint(directory, 'run')!
  expect(latest.checkpoint.step).toBe(2)
  expect(latest.passedOver).toEqual([`checkpoint ${join(directory, 'step-000000003')} is damaged (policy.safetensors)`])
  rmSync(join(directory, 'step-000000002', 'state.json'))
  appendFileSync(join(directory, 'step-000000001', 'policy.safetensors'), 'x')
  expect(() => latestCheckpoint(directory, 'run')).toThrow('Cannot go on from any of 3 checkpoints')
})

test('a checkpoint of weights that are no numbers is passed over', () => {
  const directory = root()
  for (const step of [1, 2]) saveCheckpoint(directory, at(step), 9)
  const broken = at(3)
  broken.policy.tensors[0]!.value[1] = NaN
  saveCheckpoint(directory, broken, 9)
  expect(latestCheckpoint(directory, 'run')!.checkpoint.step).toBe(2)
})

test('what a killed process left unfinished is cleared away by the next checkpoint', () => {
  const directory = root()
  mkdirSync(join(directory, 'step-000000004.tmp'), { recursive: true })
  saveCheckpoint(directory, at(6), 2)
  expect(readdirSync(directory)).toEqual(['step-000000006'])
})

test('no checkpoint is no error, a full or unwritable disk is one and leaves nothing', () => {
  expect(latestCheckpoint(root(), 'run')).toBeUndefined()
  const file = join(scratch(), 'file')
  writeFileSync(file, '')
  expect(() => saveCheckpoint(join(file, 'checkpoints'), at(1), 2)).toThrow(expect.objectContaining({ exit: 2 }))
  expect(existsSync(join(file, 'checkpoints'))).toBe(false)
})
