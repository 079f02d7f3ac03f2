// Lines of a file as bytes, a block of whole lines at a time, for readers that need not decode most of them.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { readChunks } from './jsonl.ts'

const BLOCK = 1 << 17

/** Part of a file in bytes, from the beginning of a line to the end of one. */
export interface Part {
  start: number
  end: number
}

/**
 * Blocks of `path` (`-` = stdin; .gz and .zst are recognised by content) in order: whole lines, each with its \n, the last one
 * too. A block is valid until the next one is asked for. Only plain files have parts.
 */
export async function* readByteBlocks(path: string, part?: Part): AsyncGenerator<Buffer> {
  if (part || isPlain(path)) yield* readPlain(path, part ?? { start: 0, end: Infinity })
  else yield* readStream(path)
}

/** Cuts a plain file into `count` parts of about the same size. */
export function cutFile(path: string, count: number): Part[] {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const starts = new Set([0])
    for (let i = 1; i < count; i++) starts.add(lineStart(file, Math.floor((size * i) / count), size))
    const cuts = [...starts].filter((start) => start < size).sort((a, b) => a - b)
    return cuts.map((start, i) => ({ start, end: cuts[i + 1] ?? size }))
  } finally {
    closeSync(file)
  }
}

/** The first beginning of a line at or after `offset`. */
function lineStart(file: number, offset: number, size: number): number {
  const buffer = Buffer.alloc(BLOCK)
  for (let at = offset - 1; at < size; at += buffer.length) {
    const found = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, at)).indexOf(0x0a)
    if (found >= 0) return at + found + 1
  }
  return size
}

/** A file read into one buffer: what is left of a line moves to its front. */
function* readPlain(path: string, { start, end: stop }: Part): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(2 * BLOCK)
    let held = 0
    for (let place = start; ;) {
      if (buffer.length - held < BLOCK)
        buffer = Buffer.concat([buffer.subarray(0, held), Buffer.allocUnsafe(buffer.length)])
      const count = readSync(file, buffer, held, Math.min(buffer.length - held - 1, stop - place), place)
      place += count
      const filled = held + count
      if (count === 0) {
        if (filled > 0) yield withLineEnd(buffer, filled)
        return
      }
      const end = buffer.lastIndexOf(0x0a, filled - 1) + 1
      if (end > 0) yield buffer.subarray(0, end)
      buffer.copyWithin(0, end, filled)
      held = filled - end
    }
  } finally {
    closeSync(file)
  }
}

function withLineEnd(buffer: Buffer, length: number): Buffer {
  buffer[length] = 0x0a
  return buffer.subarray(0, length + 1)
}

async function* readStream(path: string): AsyncGenerator<Buffer> {
  let rest: Uint8Array[] = []
  for await (const chunk of readChunks(path)) {
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end === 0) {
      rest.push(chunk)
      continue
    }
    yield Buffer.concat([...rest, chunk.subarray(0, end)])
    rest = end < chunk.length ? [chunk.subarray(end)] : []
  }
  if (rest.length > 0) yield Buffer.concat([...rest, Buffer.from('\n')])
}

/** A file that begins like text: compressed files do not begin with white space or a brace. A missing file is left to readChunks. */
export function isPlain(path: string): boolean {
  if (path === '-') return false
  try {
    const file = openSync(path, 'r')
    try {
      const first = Buffer.alloc(1)
      return readSync(file, first, 0, 1, 0) === 1 && /[\s{]/.test(first.toString('latin1'))
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}
