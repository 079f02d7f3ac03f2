// Lines of JSON in and out: streaming readers for file, stdin, .gz and .zst, and writers that appear whole or not at all.
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { HoneError } from '../error.ts'
import { JsonError, parseJson, type Json } from './json.ts'
import { data } from '../out.ts'

/** One line of a file: its 1-based number and its text without the line end. */
export interface Line {
  line: number
  text: string
}

/** One JSON value of a file, with the line that it stands on. */
export interface JsonRecord extends Line {
  value: Json
}

/** Bytes of `path` (`-` = stdin) in chunks, decompressed where they begin as gzip or Zstandard do; `onBytes` hears how many were read, before decompression. */
export async function* readChunks(path: string, onBytes?: (count: number) => void): AsyncGenerator<Uint8Array> {
  const raw = rawChunks(path, onBytes)
  const first = await raw.next()
  if (first.done) return
  const format = COMPRESSIONS.find(({ magic }) => magic.every((byte, i) => first.value[i] === byte))
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
      hint: 'The file may be cut short; copy it again.',
      cause,
    })
  }
}

/** Lines of `path` in arrays of about 64 KiB of text, for callers that care about speed. A byte order mark is removed. */
export async function* readLineBlocks(path: string): AsyncGenerator<{ first: number; texts: string[] }> {
  const decoder = new TextDecoder()
  let rest = ''
  let first = 1
  for await (const chunk of readChunks(path)) {
    const text = decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n')
    if (end < 0) {
      rest += text
      continue
    }
    const texts = (rest + text.slice(0, end)).split('\n')
    rest = text.slice(end + 1)
    yield { first, texts }
    first += texts.length
  }
  rest += decoder.decode()
  if (rest !== '') yield { first, texts: [rest] }
}

/** Lines of `path` (`-` = stdin; .gz and .zst are recognised by content), streaming; a final `\r` is cut. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  for await (const { first, texts } of readLineBlocks(path)) {
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i]!
      yield { line: first + i, text: text.endsWith('\r') ? text.slice(0, -1) : text }
    }
  }
}

/**
 * JSON values of a JSONL file in order, blank lines skipped.
 * @throws HoneError at `file:line:column` of the first malformed line, and where the file holds no value at all.
 */
export async function* readRecords(path: string): AsyncGenerator<JsonRecord> {
  let empty = true
  for await (const { line, text } of readLines(path)) {
    if (text.trim() === '') continue
    empty = false
    yield { line, text, value: parseLine(text, path, line) }
  }
  if (empty)
    throw new HoneError('Cannot read rows: the file is empty.', { at: path, hint: 'Expected one JSON value per line.' })
}

/** The JSON value of one line. @throws HoneError at `file:line:column`. */
export function parseLine(text: string, path: string, line: number): Json {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new HoneError(`Cannot read JSON: ${error.message}`, {
      at: `${path}:${line}:${error.offset + 1}`,
      hint: 'Expected one JSON value per line; `hone lint` lists every malformed line.',
      cause: error,
    })
  }
}

/** A file of lines under way: it gets its name on `commit`, and leaves nothing behind on `discard`. */
export interface LineWriter {
  write(line: string): void
  commit(): void
  discard(): void
}

/** Open `path` for writing lines (`-` = stdout). The lines go to `path.tmp`, renamed on `commit`. @throws HoneError where the disk refuses. */
export function openWriter(path: string): LineWriter {
  if (path === '-') return { write: data, commit() {}, discard() {} }
  const temporary = `${path}.tmp`
  const file = refusing(path, () => openSync(temporary, 'w'))
  unfinished.add(temporary)
  let pending: string[] = []
  let length = 0
  const flush = () => {
    const block = Buffer.from(pending.join(''))
    pending = []
    length = 0
    for (let at = 0; at < block.length;) at += writeSync(file, block, at)
  }
  const discard = () => {
    if (!unfinished.delete(temporary)) return
    closeSync(file)
    rmSync(temporary, { force: true })
  }
  return {
    write(line) {
      pending.push(line, '\n')
      if ((length += line.length + 1) > BLOCK) refusing(path, flush, discard)
    },
    commit() {
      refusing(
        path,
        () => {
          flush()
          fsyncSync(file)
          renameSync(temporary, path)
          closeSync(file)
          unfinished.delete(temporary)
        },
        discard,
      )
    },
    discard,
  }
}

/** Write all lines to `path` (`-` = stdout); the file appears whole or not at all. */
export async function writeLines(path: string, lines: AsyncIterable<string> | Iterable<string>): Promise<void> {
  const writer = openWriter(path)
  try {
    for await (const line of lines) writer.write(line)
    writer.commit()
  } finally {
    writer.discard()
  }
}

/** Write one whole file at once, atomically. @throws HoneError where the disk refuses. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.tmp`
  unfinished.add(temporary)
  refusing(
    path,
    () => {
      const file = openSync(temporary, 'w')
      try {
        const block = typeof content === 'string' ? Buffer.from(content) : content
        for (let at = 0; at < block.length;) at += writeSync(file, block, at)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(temporary, path)
      unfinished.delete(temporary)
    },
    () => {
      unfinished.delete(temporary)
      rmSync(temporary, { force: true })
    },
  )
}

const BLOCK = 65_536

/** Magic numbers: RFC 1952 2.3.1 (gzip), RFC 8878 3.1.1 (Zstandard). */
const COMPRESSIONS = [
  { name: 'gzip', magic: [0x1f, 0x8b], open: () => createGunzip() },
  { name: 'Zstandard', magic: [0x28, 0xb5, 0x2f, 0xfd], open: () => createZstdDecompress() },
]

/** Temporary files that an exit in between must not leave behind. */
const unfinished = new Set<string>()
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true })
})

async function* rawChunks(path: string, onBytes?: (count: number) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of path === '-' ? Bun.stdin.stream() : fileChunks(path)) {
      onBytes?.(chunk.length)
      yield chunk
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error'
    const reason = READ_REFUSALS[code] ?? code
    throw new HoneError(`Cannot read ${path === '-' ? 'standard input' : path}: ${reason}.`, {
      at: path,
      hint: 'Check the path.',
      cause,
    })
  }
}

/** Large blocks: the stream of a file comes in small ones, which cost a sixth of the time of linting it. */
function* fileChunks(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const block = Buffer.allocUnsafe(READ_BLOCK)
      const count = readSync(file, block)
      if (count === 0) return
      yield block.subarray(0, count)
    }
  } finally {
    closeSync(file)
  }
}

const READ_BLOCK = 2 ** 19

async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

const READ_REFUSALS: Record<string, string> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
}

function refusing<T>(path: string, write: () => T, cleanUp?: () => void): T {
  try {
    return write()
  } catch (cause) {
    cleanUp?.()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HoneError(`Cannot write ${path}: ${reason}`, {
      at: path,
      hint: 'Check that the folder exists, is writable and has space.',
      cause,
    })
  }
}
