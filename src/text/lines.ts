// Lines out of chunks of bytes: the one reader of lines, for files, parts of files and what other programs print.
import { HoneError } from '../error.ts'
import { readChunks, type ReadOptions } from './chunks.ts'

/** One line of a file: its 1-based number and its text without the line end. */
export interface Line {
  line: number
  text: string
}

/** Lines that were read together, the first of which has the number `first`. */
export interface LineBlock {
  first: number
  texts: string[]
}

/** Characters of what is read as one value: a small compressed file may hold any number of them. */
const LONGEST = 2 ** 28

/** @throws HoneError where so many characters have come and the value still goes on. */
export function requireEnd(length: number, at: string | undefined, what = 'a line'): void {
  if (length > LONGEST)
    throw new HoneError(`Cannot read rows: ${what} goes on for more than ${LONGEST / 2 ** 20} Mi characters`, {
      at,
      hint: 'expected one JSON value per line',
    })
}

/** Whole lines in blocks of about a chunk; what follows the last line end is a line too. A byte order mark is cut unless kept. @throws HoneError for a line without end. */
export async function* lineBlocks(
  chunks: AsyncIterable<Uint8Array>,
  { keepMark = false, path }: { keepMark?: boolean | undefined; path?: string | undefined } = {},
): AsyncGenerator<LineBlock> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: keepMark })
  let rest = ''
  let first = 1
  for await (const chunk of chunks) {
    const texts = decoder.decode(chunk, { stream: true }).split('\n')
    texts[0] = rest + texts[0]!
    rest = texts.pop()!
    requireEnd(rest.length, path && `${path}:${first + texts.length}`)
    if (texts.length === 0) continue
    yield { first, texts }
    first += texts.length
  }
  rest += decoder.decode()
  if (rest !== '') yield { first, texts: [rest] }
}

/** Blocks of the lines of `path` (`-` = stdin; .gz and .zst are recognised by content) as they stand, carriage returns included. */
export function readLineBlocks(
  path: string,
  options: ReadOptions & { keepMark?: boolean } = {},
): AsyncGenerator<LineBlock> {
  return lineBlocks(readChunks(path, options), { ...options, path })
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
