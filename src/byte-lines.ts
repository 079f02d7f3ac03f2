// Lines of a file as bytes, a block of whole lines at a time, for readers that need not decode most of them.
import { closeSync, openSync, readSync } from 'node:fs'
import { readChunks } from './jsonl.ts'

const BLOCK = 1 << 17

/**
 * Blocks of `path` (`-` = stdin; .gz and .zst are recognised by content) in order: whole lines, each with its \n, the last one
 * too. A block is valid until the next one is asked for.
 */
export async function* readByteBlocks(path: string): AsyncGenerator<Buffer> {
  if (path !== '-' && isPlain(path)) yield* readPlain(path)
  else yield* readStream(path)
}

/** A file read into one buffer: what is left of a line moves to its front. */
function* readPlain(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(2 * BLOCK)
    let held = 0
    for (;;) {
      if (buffer.length - held < BLOCK)
        buffer = Buffer.concat([buffer.subarray(0, held), Buffer.allocUnsafe(buffer.length)])
      const count = readSync(file, buffer, held, buffer.length - held - 1, null)
      const filled = held + count
      const end = count === 0 ? filled : buffer.lastIndexOf(0x0a, filled - 1) + 1
      if (count === 0) {
        if (filled > 0) yield withLineEnd(buffer, filled)
        return
      }
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
function isPlain(path: string): boolean {
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
