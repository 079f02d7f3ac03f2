// A run directory: its settings with their origins, its events, its lock. It is made once and never overwritten.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import type { RunEvent, Sink } from './event.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import { lock } from './lock.ts'
import { isRun, pathsOf, type RunPaths } from './paths.ts'

export const StoredRecord = v.object({
  command: v.string(),
  version: v.string(),
  settings: v.record(v.string(), v.unknown()),
  origins: v.record(v.string(), v.string()),
  /** Short names of what the model is asked with and judged by (see rl/evaluate/protocol.ts). */
  protocol: v.optional(v.record(v.string(), v.string())),
  /** No other run has it: what a checkpoint belongs to. */
  id: v.optional(v.string()),
  /** What was typed to start it. */
  commandLine: v.optional(v.string()),
  /** SHA-256 of the files that it was made from, by name. */
  sources: v.optional(v.record(v.string(), v.string())),
  /** Wall-clock time of its start without a zone, 2026-01-31T12:00:00: what templates are told of the day, on every resume too. */
  started: v.optional(v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/))),
})

/** run.json: what the run was asked to do. */
export type RunRecord = v.InferOutput<typeof StoredRecord>

export interface Run {
  directory: string
  record: RunRecord
  paths: RunPaths
  /** Appends an event to events.ndjson. */
  emit: Sink
  /** Releases the lock. */
  close(): void
}

/**
 * Refuse, before any work is done, a directory in which no run can be made. Nothing is written.
 * @throws HoneError where it holds a run already or is no directory.
 */
export function checkNewRun(directory: string): void {
  if (isRun(directory))
    throw new HoneError(`Cannot start a run in "${directory}": it already holds one`, {
      at: directory,
      hint: `continue it with --resume ${directory}, or give another directory with --output`,
    })
  let parent = resolve(directory)
  while (!existsSync(parent)) parent = dirname(parent)
  if (!statSync(parent).isDirectory())
    throw new HoneError(`Cannot start a run in "${directory}": "${parent}" is a file`, { at: directory })
}

/** Make the directory and write run.json. @throws HoneError where it holds a run already or the disk refuses. */
export function createRun(directory: string, record: RunRecord): Run {
  checkNewRun(directory)
  try {
    mkdirSync(directory, { recursive: true })
  } catch (cause) {
    throw new HoneError(`Cannot make the run directory "${directory}": ${reason(cause)}`, {
      at: directory,
      hint: 'check that the folder above it is writable',
      cause,
    })
  }
  const paths = pathsOf(directory)
  const release = lock(paths.lock, `the run in "${directory}"`)
  try {
    writeRecord(paths, record)
    return open(directory, record, release)
  } catch (error) {
    release()
    throw error
  }
}

function writeRecord(paths: RunPaths, record: RunRecord): void {
  writeFileAtomic(paths.record, `${JSON.stringify(record, null, 2)}\n`)
}

/** What the run in `directory` was asked to do. @throws HoneError where it holds none. */
export function readRecord(directory: string): RunRecord {
  const path = pathsOf(directory).record
  if (!existsSync(path))
    throw new HoneError(`Cannot find a run in "${directory}": there is no ${basename(path)}`, {
      at: directory,
      hint: 'give the directory that --output named',
    })
  const parsed = v.safeParse(StoredRecord, parse(readFileSync(path, 'utf8')))
  if (!parsed.success) throw new HoneError(`Cannot read ${path}: it is not the record of a run`, { at: path })
  return parsed.output
}

/**
 * Open the run in `directory` to go on after `step`, as `record` where it is given: later events are dropped, and so are
 * lines that hold none, of which `onDamaged` is told.
 * @throws HoneError where it holds no run, or another process is at it.
 */
export function resumeRun(
  directory: string,
  step: number,
  { record = readRecord(directory), onDamaged }: { record?: RunRecord; onDamaged?: (line: number) => void } = {},
): Run {
  const paths = pathsOf(directory)
  const release = lock(paths.lock, `the run in "${directory}"`)
  try {
    if (existsSync(paths.events)) {
      const kept = readEvents(paths.events, onDamaged).filter((event) => !('step' in event) || event.step <= step)
      writeFileAtomic(paths.events, kept.map((event) => `${JSON.stringify(event)}\n`).join(''))
    }
    writeRecord(paths, record)
    return open(directory, record, release)
  } catch (error) {
    release()
    throw error
  }
}

/** The events of a run. A last line that a killed process cut short is left out, and so are lines that hold none: these are told by number. */
export function readEvents(path: string, onDamaged: (line: number) => void = () => {}): RunEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    const event = eventIn(line)
    if (event) return [event]
    if (index < lines.length - 1) onDamaged(index + 1)
    return []
  })
}

/** The event that a line of events.ndjson holds; undefined where it holds none. */
export function eventIn(line: string): RunEvent | undefined {
  const event = parse(line)
  return isEvent(event) ? event : undefined
}

/** Events of other versions are read too. */
const isEvent = (value: unknown): value is RunEvent => v.is(AnyEvent, value)
const AnyEvent = v.looseObject({ type: v.string(), time: v.number(), step: v.number() })

function open(directory: string, record: RunRecord, release: () => void): Run {
  const paths = pathsOf(directory)
  const events = openSync(paths.events, 'a')
  let closed = false
  return {
    directory,
    record,
    paths,
    emit(event) {
      if (event.type === 'phase') return
      try {
        writeSync(events, `${JSON.stringify(event)}\n`)
      } catch (cause) {
        throw new HoneError(`Cannot write ${paths.events}: ${reason(cause)}`, { at: directory, cause })
      }
    },
    close() {
      if (closed) return
      closed = true
      fsyncSync(events)
      closeSync(events)
      release()
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
