// One writer of a run directory at a time: a lock that the system takes back when its process ends, however it ends.
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { HoneError } from '../error.ts'
import { flock } from '../text/flock.ts'

/**
 * Lock the file `path`, which is made for it. Returns what releases it and takes the file away. The lock is the system's
 * (flock), not the file's existence: it holds between containers that share the folder, and one left by a crash is free.
 * @throws HoneError where another process holds it, or the file cannot be written.
 */
export function lock(path: string, what: string): () => void {
  const file = openLocked(path, what)
  ftruncateSync(file)
  writeSync(file, `${process.pid}\n`)
  const release = () => {
    process.off('exit', release)
    // Taken away while it is held, so that no one locks a file that is about to go.
    rmSync(path, { force: true })
    closeSync(file)
  }
  process.on('exit', release)
  return release
}

/** Whether a process holds the lock of the file `path`. */
export function isLocked(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    return !flock(file)
  } finally {
    closeSync(file)
  }
}

function openLocked(path: string, what: string): number {
  for (;;) {
    let file: number
    try {
      file = openSync(path, 'a+')
    } catch (cause) {
      throw new HoneError(`Cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        at: path,
        cause,
      })
    }
    if (!flock(file)) {
      closeSync(file)
      const holder = readFileSync(path, 'utf8').trim()
      throw new HoneError(
        `Cannot use ${what}: ${holder === '' ? 'another process' : `process ${holder}`} is writing to it`,
        {
          at: path,
          hint: 'wait for it to end, or stop it',
        },
      )
    }
    // Between opening and locking, its holder may have taken the file away: then this one is no one's.
    if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(file).ino) return file
    closeSync(file)
  }
}
