// Rows that a model learns from, is judged on or is asked, whatever file they stand in: lines of JSON, or parquet.
import { complain, log } from '../out.ts'
import { rowJson, toRow, type HoneRow } from '../dialogue/row.ts'
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { convert } from './convert.ts'
import { recognised, type Recognised } from './recognised.ts'
import type { RawRecord } from './record.ts'
import { containerOf, readRaw } from './records.ts'
import type { Rejection } from './source.ts'

/** A value of a file with its line; in parquet the number of its row. */
export interface LineValue {
  line: number
  value: Json
}

/** Values of `path` (`-` = stdin) as they stand. @throws HoneError where the file cannot be read. */
export async function* readValues(path: string): AsyncGenerator<LineValue> {
  if ((await containerOf(path)) !== 'parquet') return yield* readRecords(path)
  for await (const { line, value = null } of readRaw(path)) yield { line, value }
}

/**
 * Values of `path` to be read as hone rows: lines as they stand; rows of parquet as `hone prep` makes them of their source, for
 * Arrow fills in nulls that nobody wrote. Rows of no source that is known go on as they are.
 */
export async function* readRowValues(path: string): AsyncGenerator<LineValue> {
  if ((await containerOf(path)) !== 'parquet') return yield* readRecords(path)
  const { found, records } = await recognised(readRaw(path))
  if (found && found.name !== 'hone') log(`${path}: read as ${found.name}, as hone prep reads it`)
  const left = new Map<string, number>()
  for await (const record of records) {
    const { values, rejections } = found ? converted(found, record, path) : { values: [record.value!], rejections: [] }
    for (const value of values) yield { line: record.line, value }
    for (const { reason } of rejections) left.set(reason, (left.get(reason) ?? 0) + 1)
  }
  const reasons = [...left].map(([reason, count]) => `${count} ${reason}`).join(', ')
  if (reasons !== '')
    complain(`warning: ${path}: steps left out, as hone prep does: ${reasons}; hone prep --reject FILE lists them`)
}

/** Hone rows of `path`. @throws HoneError at `file:line` for a value that is none, and for a file that cannot be read. */
export async function* readRows(path: string): AsyncGenerator<HoneRow> {
  for await (const { line, value } of readRowValues(path)) yield toRow(value, `${path}:${line}`)
}

type Found = NonNullable<Recognised['found']>

/** What is wrong with a row of hone's own is told where it is read, as it is of a line. */
function converted(
  { name, source }: Found,
  record: RawRecord,
  path: string,
): { values: Json[]; rejections: Rejection[] } {
  const origin = { path, index: record.index, companion: new Map<string, Json>() }
  const options = { keepNoCall: false, keepAbsentTools: false }
  const { rows, rejections } = convert(name, source, record, origin, options)
  if (name !== 'hone') return { values: rows.map(rowJson), rejections }
  const value = record.value ?? null
  return { values: [rows[0] && isObject(value) ? withoutNulls(value, rows[0]) : value], rejections: [] }
}

/** The row with its dialogue as conversion read it; the other columns stay. */
function withoutNulls(row: JsonObject, { messages, tools, answer }: HoneRow): JsonObject {
  const columns = Object.entries(row).filter(([, value]) => value !== null)
  return { ...Object.fromEntries(columns), ...rowJson({ messages, tools, answer }) }
}
