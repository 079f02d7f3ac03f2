// The only writer to stdout and stderr. stdout carries data; everything a person reads goes to stderr.
import { writeSync } from 'node:fs'

const BLOCK = 65_536
let pending: string[] = []
let pendingLength = 0

/** One line of data on stdout. Buffered in 64 KiB blocks; a closed pipe (`| head`) ends the program quietly. */
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

let quiet = false

/** Whether lines for people and the status line are left out. */
export function setQuiet(value: boolean): void {
  quiet = value
}

/** One line for a person, on stderr; not when quiet. */
export function log(line: string): void {
  if (!quiet) complain(line)
}

/** One line on stderr that a person must see. */
export function complain(line: string): void {
  clearStatus()
  writeAll(2, Buffer.from(line + '\n'))
}

let statusShown = false

/** True when stderr is a terminal on which a line may be redrawn. */
export function isTerminal(): boolean {
  return !quiet && Boolean(process.stderr.isTTY) && process.env['TERM'] !== 'dumb' && !process.env['HONE_NO_PROGRESS']
}

/** Redraw the one status line; shown on a terminal only. Callers limit their own rate. */
export function status(line: string): void {
  if (!isTerminal()) return
  const width = process.stderr.columns || 80
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

function writeAll(descriptor: 1 | 2, block: Uint8Array): void {
  while (block.length > 0) {
    try {
      block = block.subarray(writeSync(descriptor, block))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE') process.exit(0)
      if (code !== 'EAGAIN') throw error
    }
  }
}
