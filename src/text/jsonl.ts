// Lines of JSON in and out: a streaming reader of records, and writers whose files appear whole or not at all.
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { HoneError } from '../error.ts'
import { JsonError, parseJson, type Json } from './json.ts'
import { data, detail, log } from '../out.ts'
import { refuseOtherLayout } from './layout.ts'
import { openBeside, type Beside } from './beside.ts'
import { readLines, type Line } from './lines.ts'

/** One JSON value of a file, with the line that it stands on. */
export interface JsonRecord extends Line {
  value: Json
}

/**
 * JSON values of a JSONL file in order, blank lines skipped.
 * @throws HoneError at `file:line:column` of the first malformed line, and where the file holds no value at all.
 */
export async function* readRecords(path: string): AsyncGenerator<JsonRecord> {
  let empty = true
  let replaced = false
  for await (const { line, text } of readLines(path)) {
    if (text.trim() === '') continue
    if (empty) refuseOtherLayout(text, path)
    if (!replaced && text.includes(REPLACEMENT)) {
      replaced = true
      log(`warning: ${path}:${line}: its text holds U+FFFD, which stands for bytes that are no UTF-8; hone lint names every such line`)
    }
    const value = parseLine(text, path, line, false)
    empty = false
    yield { line, text, value }
  }
  if (empty)
    throw new HoneError('Cannot read rows: the file is empty', { at: path, hint: 'expected one JSON value per line' })
}

/** What stands for bytes that are no UTF-8. */
export const REPLACEMENT = '\ufffd'

/** The JSON value of one line. @throws HoneError at `file:line:column`, and where the `first` line begins a file of no lines. */
export function parseLine(text: string, path: string, line: number, first = line === 1): Json {
  if (first) refuseOtherLayout(text, path)
  try {
    // Of files put one behind the other each may begin with a byte order mark.
    return parseJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new HoneError(`Cannot read JSON: ${error.message}`, {
      at: `${path}:${line}:${error.offset + 1}`,
      hint: 'expected one JSON value per line; `hone lint` lists every malformed line',
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

/**
 * Open `path` for writing lines (`-` = stdout). The lines go to a file beside it, renamed on `commit`; what is no plain file,
 * such as /dev/null or a pipe, is written to as it is. @throws HoneError where the disk refuses.
 */
export function openWriter(path: string): LineWriter {
  if (path === '-') return { write: data, commit() {}, discard() {} }
  const { file, commit, discard } = refusing(path, () => (isReplaced(path) ? openBeside(path) : openInPlace(path)))
  let pending: string[] = []
  let length = 0
  const flush = () => {
    const block = Buffer.from(pending.join(''))
    pending = []
    length = 0
    writeAll(file, block)
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
          commit()
        },
        discard,
      )
      detail(`wrote ${path}`)
    },
    discard,
  }
}

function openInPlace(path: string): Beside {
  const file = openSync(path, 'w')
  let open = true
  const close = () => {
    if (open) closeSync(file)
    open = false
  }
  return { file, commit: close, discard: close }
}

/** A plain file, or none yet, gives way to a new one; a device or a pipe must not. */
const isReplaced = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? true

/** Write one whole file at once, atomically. @throws HoneError where the disk refuses. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  if (!isReplaced(path)) return refusing(path, () => writeFileSync(path, content))
  const { file, commit, discard } = refusing(path, () => openBeside(path))
  refusing(
    path,
    () => {
      writeAll(file, typeof content === 'string' ? Buffer.from(content) : content)
      commit()
    },
    discard,
  )
  detail(`wrote ${path}`)
}

function writeAll(file: number, block: Uint8Array): void {
  for (let at = 0; at < block.length;) at += writeSync(file, block, at)
}

const BLOCK = 65_536

function refusing<T>(path: string, write: () => T, cleanUp?: () => void): T {
  try {
    return write()
  } catch (cause) {
    cleanUp?.()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HoneError(`Cannot write ${path}: ${reason}`, {
      at: path,
      hint: 'check that the folder exists, is writable and has space',
      cause,
    })
  }
}
