// Rows made from rows: irrelevance (the tools that the answer needs are taken away) and Hammer's masking of names.
import { uniform, keyOf } from '../rng.ts'
import type { HoneRow } from '../dialogue/row.ts'
import { mask } from './mask.ts'

export interface AugmentOptions {
  seed: number
  /** Share of rows that also give a row whose answered tools are absent and whose answer is empty (Tool-N1: 0.15, of xLAM). */
  irrelevance: number
  /** Share of rows whose names, parameters and defaults are replaced by random ones, in a row beside the original (Tool-N1: 0.67). */
  mask: number
}

/** The rows that `row` gives rise to, beside itself. The draws depend on the seed and the row's id alone. */
export function augment(row: HoneRow, { seed, irrelevance, mask: share }: AugmentOptions): HoneRow[] {
  const key = keyOf(row.id)
  const extra: HoneRow[] = []
  if (irrelevance > 0 && uniform(seed, IRRELEVANCE, key) < irrelevance) extra.push(...withoutAnswer(row))
  if (share > 0 && uniform(seed, MASK, key) < share) extra.push(mask(row, seed))
  return extra
}

/** Nothing where no tool would be left, or none is answered. */
function withoutAnswer(row: HoneRow): HoneRow[] {
  const answered = new Set(row.answer.map(({ name }) => name))
  const tools = row.tools.filter(({ name }) => !answered.has(name))
  if (tools.length === 0 || answered.size === 0) return []
  return [{ ...row, id: `${row.id}~irrelevant`, tools, answer: [], meta: { ...row.meta, augmented: 'irrelevant' } }]
}

const IRRELEVANCE = 2
const MASK = 3
