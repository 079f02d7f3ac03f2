// Bytes of a file in chunks: of standard input, of a compressed file, or of a part of a plain one.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { HoneError } from '../error.ts'
import { unreadable } from './unreadable.ts'
import { detail, log } from '../out.ts'

/** Part of a plain file in bytes, from the beginning of a line to the end of one. */
export interface Part {
  start: number
  end: number
}

export interface ReadOptions {
  /** Hears how many bytes were read, before decompression. */
  onBytes?: ((count: number) => void) | undefined
  /** Of a plain file, this part alone. */
  part?: Part | undefined
}

/** Bytes of `path` (`-` = stdin) in chunks, decompressed where they begin as gzip or Zstandard do. @throws HoneError */
export async function* readChunks(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
  const chunks = plainChunks(path, options)
  const first = await chunks.next()
  if (first.done) return
  if (!options.part?.start) refuseForeign(first.value, path)
  yield first.value
  yield* chunks
}

async function* plainChunks(path: string, { onBytes, part }: ReadOptions): AsyncGenerator<Uint8Array> {
  const raw = rawChunks(path, part, onBytes)
  const first = await raw.next()
  if (first.done) return
  const format = part ? undefined : compressionOf(first.value)
  if (!format) {
    yield first.value
    yield* raw
    return
  }
  const source = Readable.from(prepend(first.value, raw))
  const output = format.open()
  source.on('error', (error) => output.destroy(error))
  try {
    for await (const chunk of source.pipe(output)) yield chunk as Uint8Array
  } catch (cause) {
    if (cause instanceof HoneError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HoneError(`Cannot decompress ${format.name} data: ${reason}`, {
      at: path,
      hint: 'the file may be cut short; copy it again',
      cause,
    })
  }
}

/** False for what gives its bytes once: standard input, pipes. */
export function canReread(path: string): boolean {
  return path !== '-' && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? true)
}

/** Whether a file begins as a compressed one. */
export function isCompressed(path: string): boolean {
  if (!canReread(path)) return false
  const file = openSync(path, 'r')
  try {
    return compressionOf(beginningOf(file)) !== undefined
  } finally {
    closeSync(file)
  }
}

function beginningOf(file: number): Buffer {
  const beginning = Buffer.alloc(4)
  readSync(file, beginning, 0, beginning.length, 0)
  return beginning
}

/** Cuts a file at line ends into at most `count` parts of about the same size; none where it is compressed or no file. */
export function cutFile(path: string, count: number): Part[] {
  if (!canReread(path)) return []
  const file = openSync(path, 'r')
  try {
    if (compressionOf(beginningOf(file))) return []
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
  const buffer = Buffer.alloc(65_536)
  for (let at = offset - 1; at < size; at += buffer.length) {
    const found = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, at)).indexOf(0x0a)
    if (found >= 0) return at + found + 1
  }
  return size
}

/** Magic numbers: RFC 1952 2.3.1 (gzip), RFC 8878 3.1.1 (Zstandard). */
const COMPRESSIONS = [
  { name: 'gzip', magic: [0x1f, 0x8b], open: () => createGunzip() },
  { name: 'Zstandard', magic: [0x28, 0xb5, 0x2f, 0xfd], open: () => createZstdDecompress() },
]

const compressionOf = (beginning: Uint8Array) =>
  COMPRESSIONS.find(({ magic }) => magic.every((byte, i) => beginning[i] === byte))

/** Beginnings of what is no text in UTF-8, longer ones first. JSON in UTF-16 without a mark has a zero beside its first character. */
const FOREIGN = [
  { what: 'UTF-32', magic: [0xff, 0xfe, 0, 0] },
  { what: 'UTF-32', magic: [0, 0, 0xfe, 0xff] },
  { what: 'UTF-16', magic: [0xff, 0xfe] },
  { what: 'UTF-16', magic: [0xfe, 0xff] },
  ...[0x7b, 0x5b].flatMap((bracket) => [
    { what: 'UTF-16', magic: [bracket, 0] },
    { what: 'UTF-16', magic: [0, bracket] },
  ]),
  { what: 'a zip archive', magic: [0x50, 0x4b, 3, 4] },
  { what: 'xz data', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { what: 'bzip2 data', magic: [0x42, 0x5a, 0x68] },
]

/** @throws HoneError where the bytes begin as those of another encoding or packing do. */
export function refuseForeign(beginning: Uint8Array, path: string): void {
  const found = FOREIGN.find(({ magic }) => magic.every((byte, i) => beginning[i] === byte))
  if (!found) return
  throw new HoneError(`Cannot read ${path === '-' ? 'standard input' : path}: it is ${found.what}, expected UTF-8`, {
    at: path,
    hint: found.what.startsWith('UTF')
      ? `\`iconv -f ${found.what} -t UTF-8 FILE\` writes it as UTF-8`
      : 'unpack it first; of compressed files .gz and .zst are read as they are',
  })
}

async function* rawChunks(
  path: string,
  part: Part | undefined,
  onBytes: ReadOptions['onBytes'],
): AsyncGenerator<Uint8Array> {
  if (path === '-' && process.stdin.isTTY) log('reading standard input from the terminal; Ctrl-D ends it')
  detail(`reading ${path === '-' ? 'standard input' : path}`)
  try {
    for await (const chunk of path === '-' ? Bun.stdin.stream() : fileChunks(path, part)) {
      onBytes?.(chunk.length)
      yield chunk
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Large blocks: the stream of a file comes in small ones, which cost a sixth of the time of linting it. */
function* fileChunks(path: string, part: Part | undefined): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    for (let place = part?.start ?? 0; ;) {
      const block = Buffer.allocUnsafe(READ_BLOCK)
      const count = readSync(file, block, 0, Math.min(READ_BLOCK, (part?.end ?? Infinity) - place), part ? place : null)
      if (count === 0) return
      yield block.subarray(0, count)
      place += count
    }
  } finally {
    closeSync(file)
  }
}

const READ_BLOCK = 2 ** 19

/** The chunks with one before them, such as one that was read to see what follows. */
export async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}
