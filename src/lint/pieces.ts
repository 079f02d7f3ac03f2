// The pieces of a file that rules look at: its lines as they stand, or the rows of a list; rows of other sources made into hone rows.
import { isObject, type Json } from '../text/json.ts'
import { rowText } from '../dialogue/row.ts'
import { canReread } from '../text/chunks.ts'
import type { Layout } from '../text/layout.ts'
import { convert } from '../data/convert.ts'
import { containerOf, readRaw } from '../data/records.ts'
import { recognise, sourceNamed } from '../data/sources.ts'
import { originOf } from './origin.ts'
import type { Piece } from './place.ts'
import type { Path } from './rule.ts'

/** A row to be checked, or why a row of another source could not be made into one. */
export type LintPiece = Piece & { rejected?: { why: string; path: Path } }

/** Rows of a list, of parquet, or of another source, as pieces of text. */
export async function* readPieces(path: string, { from, container }: Recognised): AsyncGenerator<LintPiece> {
  const packed = container === 'parquet'
  const source = from === undefined ? undefined : sourceNamed(from)
  const options = { keepNoCall: false, keepAbsentTools: true }
  for await (const record of readRaw(path)) {
    const { line, column, text } = record
    // What is no JSON is told as that, at its place.
    if (!source || from === undefined || record.value === undefined) {
      yield { line, column, text, packed }
      continue
    }
    const { rows, rejections } = convert(
      from,
      source,
      record,
      { path, index: record.index, companion: new Map() },
      options,
    )
    for (const row of rows) {
      const origin = { text, offsetOf: lazy(() => originOf(text, record.value ?? null, row)) }
      yield { line, column, text: rowText(row), origin, packed }
    }
    for (const { reason, message, path: field } of rejections) {
      if (reason === 'no-call' || reason === 'no-decision') continue
      // An index is spelt in digits.
      const path = field.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
      yield { line, column, text, packed, rejected: { why: `${reason}: ${message}`, path } }
    }
  }
}

/** Most rows have no findings, and no place in them is asked for. */
function lazy(make: () => (path: Path) => number): (path: Path) => number {
  let made: ((path: Path) => number) | undefined
  return (path) => (made ??= make())(path)
}

/** How a file is to be read: in which container its rows stand, and through which source; undefined for hone rows. */
export interface Recognised {
  container: Layout | 'parquet'
  from: string | undefined
}

/** Told by its beginning and, unless named, by the source that its first rows are of. What can be read only once is lines. */
export async function recogniseFile(path: string, named?: string): Promise<Recognised> {
  const container = await containerOf(path)
  if (named !== undefined) return { container, from: named === 'hone' ? undefined : named }
  if (!canReread(path)) return { container, from: undefined }
  const first = []
  for await (const record of readRaw(path)) {
    first.push(record)
    if (first.length === SAMPLE) break
  }
  const found = recognise(first.filter(({ value }) => !lacksAnswer(value)))
  // Arrow fills nulls into hone's own rows too.
  const own = found?.name === 'hone' && container !== 'parquet'
  const foreign = found !== undefined && !own && found.count > first.length / 2
  return { container, from: foreign ? found.name : undefined }
}

const SAMPLE = 50

/** A hone row whose answer is absent or text looks like a dialogue of OpenAI's; "id" and "source" beside nothing that is answered tell them apart. */
function lacksAnswer(value: Json | undefined): boolean {
  if (!isObject(value) || typeof value['id'] !== 'string' || typeof value['source'] !== 'string') return false
  const { messages } = value
  if (value['answer'] !== undefined) return typeof value['answer'] === 'string'
  return Array.isArray(messages) && !messages.some((message) => isObject(message) && message['role'] === 'assistant')
}
