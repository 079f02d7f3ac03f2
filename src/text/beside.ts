// A file under way: it stands beside the one that it will replace, where neither another process nor a link can get hold of it.
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { flock } from './flock.ts'

export interface Beside {
  /** The open file, empty. */
  file: number
  /** Gives it the name that it is meant for. */
  commit(): void
  /** Takes it away, unless it has got its name. */
  discard(): void
}

/** Open a file that is to replace `path`. @throws what the system refuses. */
export function openBeside(path: string): Beside {
  // A file that a killed process left is used again: it is not locked. One that cannot be had gives way to a name of its own.
  const usual = `${path}.tmp`
  const left = openOwn(usual)
  const [name, file] =
    left === undefined ? openUnique(`${path}.${randomUUID().slice(0, 8)}.tmp`) : ([usual, left] as const)
  unfinished.add(name)
  const end = (finish: () => void) => {
    if (!unfinished.delete(name)) return
    try {
      finish()
    } finally {
      closeSync(file)
    }
  }
  return {
    file,
    commit: () =>
      end(() => {
        fsyncSync(file)
        renameSync(name, path)
      }),
    discard: () => end(() => rmSync(name, { force: true })),
  }
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants

function openUnique(name: string): [name: string, file: number] {
  return [name, openSync(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)]
}

/** The file `name`, made or emptied; undefined where something stands there that is another's: in use, a link, a device. */
function openOwn(name: string): number | undefined {
  let file: number
  try {
    file = openSync(name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (lstatSync(name, { throwIfNoEntry: false })) return undefined
    throw error
  }
  const found = fstatSync(file)
  // Locked, it may still have got its name in between: then this is no longer the file that stands here.
  const ours = found.isFile() && found.nlink === 1 && found.uid === process.getuid?.() && flock(file)
  if (ours && lstatSync(name, { throwIfNoEntry: false })?.ino === found.ino) {
    ftruncateSync(file)
    return file
  }
  closeSync(file)
  return undefined
}

/** Files that an exit in between must not leave behind. */
const unfinished = new Set<string>()
process.on('exit', () => {
  for (const name of unfinished) rmSync(name, { force: true })
})
