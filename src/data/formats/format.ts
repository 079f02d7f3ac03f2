// What an output format is: a writer of rows.
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneRow } from '../../dialogue/row.ts'

/** A file of rows under way; it gets its name on `commit` and leaves nothing behind on `discard`. */
export interface RowWriter {
  write(row: HoneRow): void
  commit(): void
  discard(): void
}

/** What a format is told: the prompt form, and whether the rows are for training or for validation. */
export interface FormatOptions {
  form?: PromptForm | undefined
  split: 'train' | 'test'
}

export interface Format {
  what: string
  /** What its files are; a name that promises something else is refused. */
  container: 'lines' | 'parquet'
  open(path: string, options: FormatOptions): RowWriter
}
