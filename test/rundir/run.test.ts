// Run directories: made once, locked, resumable after a crash at any byte.
import { expect, test } from 'bun:test'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkNewRun, createRun, EVENTS, readEvents, readRecord, resumeRun } from '../../src/rundir/run.ts'
import { scratch } from '../scratch.ts'

const record = { command: 'train', version: '0', settings: { seed: 1 }, origins: { seed: 'default' } }
const fresh = () => join(scratch(), 'a', 'run')
const note = (step: number) => ({ type: 'note', time: 0, step, text: `note ${step}` }) as const

test('a run keeps its settings with their origins and releases its lock when closed', () => {
  const directory = fresh()
  const run = createRun(directory, record)
  expect(existsSync(run.path('lock'))).toBe(true)
  run.close()
  expect(readdirSync(directory).sort()).toEqual([EVENTS, 'run.json'])
  expect(readRecord(directory)).toEqual(record)
})

test('a directory that holds a run is refused with the way to continue it', () => {
  const directory = fresh()
  createRun(directory, record).close()
  const refusal = expect.objectContaining({
    exit: 2,
    at: directory,
    hint: expect.stringContaining(`--resume ${directory}`),
  })
  expect(() => checkNewRun(directory)).toThrow(refusal)
  expect(() => createRun(directory, record)).toThrow(refusal)
})

test('a path through a file is refused and nothing is written', () => {
  const directory = scratch()
  writeFileSync(join(directory, 'file'), '')
  expect(() => createRun(join(directory, 'file', 'run'), record)).toThrow('is a file')
  expect(readdirSync(directory)).toEqual(['file'])
})

test('resuming drops events after the step and a line that was cut short', () => {
  const directory = fresh()
  const run = createRun(directory, record)
  for (const step of [0, 1, 2, 3]) run.emit(note(step))
  run.emit({ type: 'phase', phase: 'rollout', done: 1, total: 2 })
  run.close()
  appendFileSync(join(directory, EVENTS), '{"type":"note","st')
  const resumed = resumeRun(directory, 2)
  resumed.emit(note(9))
  resumed.close()
  expect(readEvents(join(directory, EVENTS))).toEqual([0, 1, 2, 9].map(note))
  expect(readFileSync(join(directory, EVENTS), 'utf8').endsWith('\n')).toBe(true)
})

test('a run in use is refused, a lock of a dead process is taken over', () => {
  const directory = fresh()
  createRun(directory, record).close()
  writeFileSync(join(directory, 'lock'), '1\n')
  expect(() => resumeRun(directory, 0)).toThrow('process 1 is writing')
  const gone = Bun.spawnSync(['true']).pid
  writeFileSync(join(directory, 'lock'), `${gone}\n`)
  resumeRun(directory, 0).close()
  expect(existsSync(join(directory, 'lock'))).toBe(false)
})

test('a directory without a run cannot be resumed', () => {
  expect(() => readRecord(scratch())).toThrow('Cannot find a run')
})
