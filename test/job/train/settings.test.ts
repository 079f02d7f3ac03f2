// Which kind of training settings are meant for, where no command says so.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kindOf } from '../../../src/job/train/settings.ts'
import { checkVariables } from '../../../src/job/variables.ts'
import { createRun } from '../../../src/rundir/run.ts'
import { scratch } from '../../scratch.ts'

const file = (text: string) => {
  const path = join(scratch(), 'c.yaml')
  writeFileSync(path, text)
  return path
}

test('settings that every kind has are those of train', () => {
  expect(kindOf({}, {})).toBe('train')
  expect(kindOf({ config: file('model: m\ndata: d\nsteps: 3\n') }, { learningRate: '1e-5' })).toBe('train')
})

test('a setting or a preset that one kind alone has tells it, in any spelling, by flag or file', () => {
  expect(kindOf({}, { batchSize: '4' })).toBe('sft')
  expect(kindOf({ config: file('model: m\nper_device_train_batch_size: 4\n') }, {})).toBe('sft')
  expect(kindOf({ config: file('preset: full\n') }, {})).toBe('sft')
  expect(kindOf({}, { groupSize: '4' })).toBe('train')
})

test('a run is of the kind that made it', () => {
  const directory = join(scratch(), 'run')
  createRun(directory, { command: 'sft', version: '0', settings: {}, origins: {} }).close()
  expect(kindOf({ resume: directory }, { groupSize: '4' })).toBe('sft')
})

test('a variable that is no setting and nothing else of hone is refused with the nearest name', async () => {
  const known = { HONE_LEARNING_RATE: '1', HONE_BATCH_SIZE: '2', HONE_NO_PROGRESS: '1', OTHER: '1' }
  await checkVariables(known)
  await expect(checkVariables({ ...known, HONE_LEARNIN_RATE: '1' })).rejects.toThrow(
    expect.objectContaining({
      message: 'Unknown variable: HONE_LEARNIN_RATE',
      hint: 'did you mean HONE_LEARNING_RATE?',
      exit: 2,
    }),
  )
})
