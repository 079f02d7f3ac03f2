// Rows of a parquet file, a row group at a time.
import { parquetMetadata, parquetReadObjects, type AsyncBuffer } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { HoneError } from '../error.ts'
import { dumpJson, type Json } from '../text/json.ts'
import type { RawRecord } from './record.ts'

/**
 * Rows of the parquet file whose bytes are `chunks`. The format keeps its index at the end, so all bytes are held (they
 * are compressed); decoded rows are not. @throws HoneError where the file is damaged.
 */
export async function* readParquet(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawRecord> {
  const bytes = Buffer.concat(await Array.fromAsync(chunks))
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const file: AsyncBuffer = { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) }
  try {
    const metadata = parquetMetadata(buffer)
    let index = 0
    for (const group of metadata.row_groups) {
      const rowStart = index
      const rows = await parquetReadObjects({
        file,
        metadata,
        compressors,
        rowStart,
        rowEnd: rowStart + Number(group.num_rows),
      })
      for (const row of rows) {
        const value = toJson(row)
        yield { index, line: index + 1, column: 1, text: dumpJson(value, { ensureAscii: false }), value }
        index++
      }
    }
  } catch (cause) {
    if (cause instanceof HoneError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HoneError(`Cannot read parquet: ${reason}`, {
      at: path,
      hint: 'the file may be cut short; copy it again',
      cause,
    })
  }
}

/** Parquet's values as JSON: 64-bit integers as integers, dates as ISO text, bytes as UTF-8 text. */
function toJson(value: unknown): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<unknown>)].map(toJson)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]))
}
