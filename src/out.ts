// The only writer to stdout and stderr. stdout carries data; everything a person reads goes to stderr.
import { writeSync } from 'node:fs'

const BLOCK = 65_536
let pending: string[] = []
let pendingLength = 0

/** One line of data on stdout, buffered in 64 KiB blocks. Where the reader has gone (`| head`), the program ends quietly, or goes on as `outliveReader` says. */
export function data(line: string): void {
  pending.push(line, '\n')
  pendingLength += line.length + 1
  if (pendingLength > BLOCK) flush()
}

/** Hand everything buffered to the operating system. Called by cli.ts before the program ends. */
export function flush(): void {
  if (pending.length === 0) return
  const block = Buffer.from(pending.join(''))
  pending = []
  pendingLength = 0
  writeAll(1, block)
}

/** A piece of text at once, as an answer grows: data on descriptor 1, what a person reads on 2, where it is left out when quiet. */
export function say(descriptor: 1 | 2, text: string): void {
  if (descriptor === 2 && quiet) return
  clearStatus()
  flush()
  writeAll(descriptor, Buffer.from(text))
}

/** Takes bytes for a descriptor and says how many; those of this process, unless `divert` says otherwise. */
type Write = (descriptor: 1 | 2, block: Uint8Array) => number
let write: Write = writeSync

/** Hand what follows to `to` instead: for who runs a command inside a program of their own. Returns what undoes it. */
export function divert(to: Write): () => void {
  write = to
  return () => {
    flush()
    write = writeSync
  }
}

let readerNeeded = true

/** The answer of this program is its exit code: it goes on to the end when no one reads its data any more. */
export function outliveReader(): void {
  readerNeeded = false
}

let quiet = false

/** Whether lines for people and the status line are left out. */
export function setQuiet(value: boolean): void {
  quiet = value
}

let verbose = false

/** Whether what is being done is told. */
export function setVerbose(value: boolean): void {
  verbose = value
}

/** What is being done, for a person who asked for it: a line that is left out unless verbose. */
export function detail(line: string): void {
  if (verbose) log(`debug: ${line}`)
}

/** One line for a person, on stderr; not when quiet. */
export function log(line: string): void {
  if (!quiet) complain(line)
}

/** One line on stderr that a person must see. */
export function complain(line: string): void {
  clearStatus()
  // On a terminal what was said first stands first.
  if (process.stdout.isTTY) flush()
  writeAll(2, Buffer.from(visible(line) + '\n'))
}

/** A text with what would steer a terminal made visible, colours aside: names and messages may be anyone's. */
export function visible(text: string): string {
  return text.replace(/\x1b(?!\[[\d;]*m)|[\0-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g, (unit) => {
    const code = unit.charCodeAt(0)
    return `\\x${code.toString(16).padStart(2, '0')}`
  })
}

let statusShown = false
let progressWanted = true

/** Whether the status line is drawn. */
export function setProgress(value: boolean): void {
  progressWanted = value
}

/** True when a person reads stderr as it comes. */
export function isWatched(): boolean {
  return !quiet && Boolean(process.stderr.isTTY)
}

/** True when stderr is a terminal on which a line may be redrawn. */
export function isTerminal(): boolean {
  return isWatched() && progressWanted && process.env['TERM'] !== 'dumb' && !process.env['HONE_NO_PROGRESS']
}

/** Redraw the one status line; shown on a terminal only. Callers limit their own rate. */
export function status(line: string): void {
  if (!isTerminal()) return
  const width = process.stderr.columns || 80
  line = visible(line)
  writeAll(
    2,
    Buffer.from('\r\x1b[2K' + (Bun.stringWidth(line) > width ? Bun.sliceAnsi(line, 0, width - 1) + '…' : line)),
  )
  statusShown = true
}

/** Take the status line away, so that what follows starts on a clean line. */
export function clearStatus(): void {
  if (!statusShown) return
  writeAll(2, Buffer.from('\r\x1b[2K'))
  statusShown = false
}

/** Streams that take nothing any more: their reader has gone, or the disk behind stderr is full. */
const lost = new Set<1 | 2>()

/** What is said on stderr is never worth the work at hand: where it cannot be written, the program goes on without. */
function writeAll(descriptor: 1 | 2, block: Uint8Array): void {
  while (block.length > 0 && !lost.has(descriptor)) {
    try {
      block = block.subarray(write(descriptor, block))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EAGAIN') continue
      if (descriptor === 1 && code !== 'EPIPE') throw error
      if (descriptor === 1 && readerNeeded) process.exit(0)
      lost.add(descriptor)
    }
  }
}
