// Run directories: made once, locked, resumable after a crash at any byte.
import { expect, test } from 'bun:test'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathsOf } from '../../src/rundir/paths.ts'
import { checkNewRun, createRun, readEvents, readRecord, resumeRun } from '../../src/rundir/run.ts'
import { scratch } from '../scratch.ts'

const record = { command: 'train', version: '0', settings: { seed: 1 }, origins: { seed: 'default' } }
const fresh = () => join(scratch(), 'a', 'run')
const note = (step: number) => ({ type: 'note', time: 0, step, text: `note ${step}` }) as const

test('a run keeps its settings with their origins and releases its lock when closed', () => {
  const directory = fresh()
  const run = createRun(directory, record)
  expect(existsSync(run.paths.lock)).toBe(true)
  run.close()
  expect(readdirSync(directory).sort()).toEqual(['events.ndjson', 'run.json'])
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
  appendFileSync(pathsOf(directory).events, '{"type":"note","st')
  const resumed = resumeRun(directory, 2)
  resumed.emit(note(9))
  resumed.close()
  expect(readEvents(pathsOf(directory).events)).toEqual([0, 1, 2, 9].map(note))
  expect(readFileSync(pathsOf(directory).events, 'utf8').endsWith('\n')).toBe(true)
})

test('a run in use is refused; a killed process leaves its lock free, though a child of it lives on', async () => {
  const directory = fresh()
  createRun(directory, record).close()
  const holder = Bun.spawn(
    [
      process.execPath,
      '-e',
      `import { resumeRun } from ${JSON.stringify(join(import.meta.dir, '../../src/rundir/run.ts'))}
       resumeRun(${JSON.stringify(directory)}, 0)
       const child = Bun.spawn(['sleep', '60'])
       console.log(child.pid)
       setInterval(() => {}, 1000)`,
    ],
    { stdout: 'pipe' },
  )
  const { value } = await holder.stdout.getReader().read()
  const child = Number(new TextDecoder().decode(value))
  try {
    expect(() => resumeRun(directory, 0)).toThrow(`process ${holder.pid} is writing`)
    holder.kill('SIGKILL')
    await holder.exited
    resumeRun(directory, 0).close()
    expect(existsSync(join(directory, 'lock'))).toBe(false)
  } finally {
    process.kill(child)
  }
})

test('what a lock file says binds no one: the number in it may be that of any process', () => {
  const directory = fresh()
  createRun(directory, record).close()
  writeFileSync(join(directory, 'lock'), '1\n')
  resumeRun(directory, 0).close()
})

test('lines that hold no event are left out and told, those after them are kept', () => {
  const directory = fresh()
  const run = createRun(directory, record)
  run.emit(note(0))
  run.close()
  appendFileSync(pathsOf(directory).events, `{"type":\nnull\n5\n${JSON.stringify(note(1))}\n`)
  const damaged: number[] = []
  resumeRun(directory, 1, { onDamaged: (line) => damaged.push(line) }).close()
  expect(damaged).toEqual([2, 3, 4])
  expect(readEvents(pathsOf(directory).events)).toEqual([0, 1].map(note))
})

test('a directory without a run cannot be resumed', () => {
  expect(() => readRecord(scratch())).toThrow('Cannot find a run')
})
