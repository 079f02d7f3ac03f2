// How long rows are, in tokens of a model: what a limit of prompts and completions leaves out, before training says so.
import type { HoneRow } from '../dialogue/row.ts'
import { table } from '../shell/table.ts'

/** Tokens of a row's prompt and of its right answer. */
export interface Length {
  prompt: number
  answer: number
}

/** Counts a row. */
export type Measure = (row: HoneRow) => Length

/** Lines for a person; none where nothing was counted. */
export function lengthLines(lengths: readonly Length[]): string[] {
  if (lengths.length === 0) return []
  const rows = (['prompt', 'answer'] as const).map((part) => {
    const sorted = lengths.map((each) => each[part]).sort((a, b) => a - b)
    return [part, ...SHOWN.map((share) => String(sorted[Math.ceil(share * sorted.length) - 1]))]
  })
  return table([['tokens', '50 %', '95 %', '99 %', 'longest'], ...rows], { numbers: true })
}

/** Nearest-rank quantiles: so many rows are no longer than that. */
const SHOWN = [0.5, 0.95, 0.99, 1]
