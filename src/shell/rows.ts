// Rows that a command writes: lines of JSON for programs, and on a terminal a table of the first ones.
import { data } from '../out.ts'
import { table } from './table.ts'

/** Rows that a table shows: more are for programs to read. */
const SHOWN = 20

export interface RowTable {
  /** `cells` is asked for rows that are shown. */
  row(cells: () => string[]): void
  /** Writes the table, and how many rows are not in it. */
  end(): void
}

/** Whether rows are written for people: where that was asked for, or nothing was and a terminal shows them. */
export const forPeople = (format: string | undefined): boolean =>
  format === 'text' || (format === undefined && Boolean(process.stdout.isTTY))

/** A table with that head on stdout; on a terminal its lines are cut at the edge. */
export function openTable(head: readonly string[]): RowTable {
  const shown: string[][] = []
  let count = 0
  return {
    row(cells) {
      if (count++ < SHOWN) shown.push(cells().map((cell) => cell.replace(/\s+/g, ' ')))
    },
    end() {
      const width = process.stdout.isTTY ? process.stdout.columns || 80 : Infinity
      for (const line of table([head, ...shown]))
        data(Bun.stringWidth(line) > width ? `${Bun.sliceAnsi(line, 0, width - 1)}…` : line)
      if (count > SHOWN) data(`… and ${(count - SHOWN).toLocaleString('en')} more rows; --format ndjson writes all`)
    },
  }
}
