// A row as a question to a teacher.
import type { HoneRow } from '../../dialogue/row.ts'
import { keyOf } from '../../rng.ts'
import type { Question } from '../answer/answerer.ts'

/** The row's samples are drawn by its id. */
export const questionOf = (row: HoneRow, sample: number): Question => ({
  asked: row,
  sample,
  key: [keyOf(row.id), sample],
})
