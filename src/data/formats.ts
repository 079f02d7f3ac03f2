// The table of output formats: what each is for and how its file is written.
import { openWriter } from '../jsonl.ts'
import { rowText, type HoneRow } from '../row.ts'

/** A file of rows under way; it gets its name on `commit` and leaves nothing behind on `discard`. */
export interface RowWriter {
  write(row: HoneRow): void
  commit(): void | Promise<void>
  discard(): void
}

export interface Format {
  what: string
  open(path: string): RowWriter
}

export const formats: Record<string, Format> = {
  hone: { what: 'hone rows, one a line', open: (path) => lines(path, rowText) },
}

/** A line per row. */
function lines(path: string, text: (row: HoneRow) => string): RowWriter {
  const writer = openWriter(path)
  return { ...writer, write: (row) => writer.write(text(row)) }
}
