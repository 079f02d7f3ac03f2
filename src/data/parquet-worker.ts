// The thread in which parquet is decoded: given the bytes of a file it says how many row groups there are, given the number of one it gives its rows.
import { parquetMetadata, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { dumpJson, type Json } from '../text/json.ts'

/** What the thread is asked, and what it answers. */
export type Ask = { bytes: ArrayBuffer } | { group: number }
export type Answer = { groups: number } | { rows: string[] } | { fault: string }

declare const self: Worker
let open: { file: AsyncBuffer; metadata: FileMetaData; starts: number[] } | undefined

self.onmessage = async ({ data }: MessageEvent<Ask>) => {
  let answer: Answer
  try {
    answer = 'bytes' in data ? { groups: openFile(data.bytes) } : { rows: await rowsOf(data.group) }
  } catch (error) {
    answer = { fault: error instanceof Error ? error.message : String(error) }
  }
  postMessage(answer)
}

function openFile(bytes: ArrayBuffer): number {
  const metadata = parquetMetadata(bytes)
  let rows = 0
  const starts = metadata.row_groups.map((group) => (rows += Number(group.num_rows)) - Number(group.num_rows))
  if (rows !== Number(metadata.num_rows)) throw new Error(`it says ${metadata.num_rows} rows, its row groups ${rows}`)
  open = { metadata, starts, file: { byteLength: bytes.byteLength, slice: (from, to) => bytes.slice(from, to) } }
  return starts.length
}

/** The rows of a group, each as JSON. */
async function rowsOf(group: number): Promise<string[]> {
  const { file, metadata, starts } = open!
  const rowStart = starts[group]!
  const rowEnd = rowStart + Number(metadata.row_groups[group]!.num_rows)
  const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })
  if (rows.length !== rowEnd - rowStart)
    throw new Error(`row group ${group} holds ${rows.length} rows of ${rowEnd - rowStart}`)
  return rows.map((row) => dumpJson(toJson(row), { ensureAscii: false }))
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
