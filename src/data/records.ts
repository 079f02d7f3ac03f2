// Raw rows of a data file whatever its container: JSON array, JSON lines (.gz, .zst), one JSON object around a list, parquet.
import type { RawRecord, Piece } from './record.ts'
import { HoneError } from '../error.ts'
import { isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { itemsAt, locate, placeAt } from '../text/json/scan.ts'
import { canReread, prepend, readChunks } from '../text/chunks.ts'
import { layoutOf, wrapperOf, type Layout } from '../text/layout.ts'
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
  const pieces = layoutOf(startOf(first.value)) === 'lines' ? linePieces(all, path) : readElements(all, path)
  for await (const piece of pieces) {
    for (const found of unwrap(piece)) yield { index: index++, ...found }
  }
  if (index === 0) throw new HoneError('Cannot read rows: the file holds none', { at: path })
}

/** How a file holds its rows; 'parquet' where it is no text. What can be read only once is taken for lines. */
export async function containerOf(path: string): Promise<Layout | 'parquet'> {
  if (!canReread(path)) return 'lines'
  for await (const first of readChunks(path))
    return PARQUET.every((byte, i) => first[i] === byte) ? 'parquet' : layoutOf(startOf(first))
  return 'lines'
}

async function* linePieces(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Piece> {
  for await (const { first, texts } of lineBlocks(chunks, { path })) {
    for (const [i, text] of texts.entries())
      if (text.trim() !== '') yield { line: first + i, column: 1, text: withoutMark(text) }
  }
}

/** Of files put one behind the other each may begin with a byte order mark. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

/** A piece as a row. An object whose only list holds objects, such as {"data": […]}, stands for the rows of that list. */
function unwrap(piece: Piece): Omit<RawRecord, 'index'>[] {
  let value: Json
  try {
    value = parseJson(piece.text)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    return [{ ...piece, value: undefined, fault: `${error.message} (character ${error.offset + 1})` }]
  }
  const key = wrapperOf(value)
  if (key === undefined || !isObject(value)) return [{ ...piece, value }]
  const rows = value[key]
  const pieces = itemPieces(piece, locate(piece.text, [key]))
  return [...pieces].map((item, i) => ({ ...item, value: Array.isArray(rows) ? rows[i] : undefined }))
}

/** The items of the list that begins at `start`, with their own places. */
function* itemPieces({ text, ...place }: Piece, start: number): Generator<Piece> {
  let from = { ...place, at: 0 }
  for (const item of itemsAt(text, start)) {
    from = { ...placeAt({ ...from, text: text.slice(from.at, item.start) }, item.start - from.at), at: item.start }
    yield { line: from.line, column: from.column, text: text.slice(item.start, item.end) }
  }
}

const startOf = (chunk: Uint8Array): string => new TextDecoder().decode(chunk.subarray(0, 4096)).trimStart()

const PARQUET = [...Buffer.from('PAR1')]
