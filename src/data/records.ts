// Raw rows of a data file whatever its container: JSON array, JSON lines (.gz, .zst), one JSON object around a list, parquet.
import type { RawRecord, Piece } from './record.ts'
import { HoneError } from '../error.ts'
import { dumpJson, isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { prepend, readChunks } from '../text/chunks.ts'
import { lineBlocks } from '../text/lines.ts'
import { readElements } from './elements.ts'

/**
 * Rows of `path` (`-` = stdin) in order, streaming; the container is recognised by content.
 * @throws HoneError where the file cannot be read or is empty.
 */
export async function* readRaw(path: string, onBytes?: (count: number) => void): AsyncGenerator<RawRecord> {
  const chunks = readChunks(path, { onBytes })
  const first = await chunks.next()
  if (first.done) throw new HoneError('Cannot read rows: the file is empty', { at: path })
  const all = prepend(first.value, chunks)
  if (PARQUET.every((byte, i) => first.value[i] === byte)) {
    const { readParquet } = await import('./parquet.ts')
    yield* readParquet(path, all)
    return
  }
  let index = 0
  for await (const piece of pieces(first.value, all)) {
    for (const found of unwrap(piece)) yield { index: index++, ...found }
  }
  if (index === 0) throw new HoneError('Cannot read rows: the file holds none', { at: path })
}

/** Whether a file holds a value a line, rather than one list, one object or parquet. */
export async function holdsLines(path: string): Promise<boolean> {
  for await (const first of readChunks(path)) {
    if (PARQUET.every((byte, i) => first[i] === byte)) return false
    const start = startOf(first)
    return !start.startsWith('[') && !/^\{\s*\n/.test(start)
  }
  return true
}

/** The container is told by the first character: a list, an object over several lines, or a value a line. */
function pieces(first: Uint8Array, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Piece> {
  const start = startOf(first)
  if (start.startsWith('[')) return readElements(chunks)
  return /^\{\s*\n/.test(start) ? readWhole(chunks) : linePieces(chunks)
}

async function* linePieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  for await (const { first, texts } of lineBlocks(chunks)) {
    for (const [i, text] of texts.entries()) if (text.trim() !== '') yield { line: first + i, column: 1, text }
  }
}

async function* readWhole(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  yield { line: 1, column: 1, text: text + decoder.decode() }
}

/** A piece as a row. An object whose only list holds objects, such as {"data": […]}, stands for the rows of that list. */
function unwrap({ line, column, text }: Piece): Omit<RawRecord, 'index'>[] {
  let value: Json
  try {
    value = parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    return [{ line, column, text, value: undefined, fault: `${error.message} (character ${error.offset + 1})` }]
  }
  if (isObject(value) && WRAPPERS.some((key) => Object.keys(value).length === 1 && Array.isArray(value[key]))) {
    const rows = Object.values(value).find(Array.isArray) ?? []
    return rows.map((row) => ({ line, column, text: dumpJson(row), value: row }))
  }
  return [{ line, column, text, value }]
}

const startOf = (chunk: Uint8Array): string => new TextDecoder().decode(chunk.subarray(0, 4096)).trimStart()

const PARQUET = [...Buffer.from('PAR1')]
const WRAPPERS = ['data', 'rows', 'train', 'examples']
