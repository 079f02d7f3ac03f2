// What preparation did, in numbers: a table like Tool-N1's Table 1 (raw and kept, single and multi turn), removals by reason, repairs.
import { table } from '../shell/table.ts'
import { type Length, lengthLines } from './lengths.ts'
import type { Part } from './mix.ts'
import { type Reason, REASONS } from './source.ts'

/** Counts of one source: raw = single + multi + unused rows; steps = kept + left out. */
export interface SourceCounts {
  raw: number
  unused: number
  single: number
  multi: number
  steps: number
  keptSingle: number
  keptMulti: number
  augmented: number
}

export interface Summary {
  sources: Map<string, SourceCounts>
  removed: Map<Reason, number>
  repairs: Map<string, number>
  /** Raw rows with text in place of bytes that are no UTF-8. */
  replaced: number
  /** Of each part of a mixture, the rows that it had and those that were taken. */
  mixed: (Part & { rows: number; taken: number })[]
  split: { rows: number; heldOut: number; groups: number; largest: number; by: readonly string[] } | undefined
  written: number
  /** Of the rows written, where they are counted. */
  lengths: Length[]
}

export const emptySummary = (): Summary => ({
  sources: new Map(),
  removed: new Map(),
  repairs: new Map(),
  replaced: 0,
  mixed: [],
  split: undefined,
  written: 0,
  lengths: [],
})

/** The counts of `name`, made where there are none. */
export function countsOf(summary: Summary, name: string): SourceCounts {
  const found = summary.sources.get(name)
  if (found) return found
  const counts = { raw: 0, unused: 0, single: 0, multi: 0, steps: 0, keptSingle: 0, keptMulti: 0, augmented: 0 }
  summary.sources.set(name, counts)
  return counts
}

export function add<Key>(counts: Map<Key, number>, key: Key, count = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

/** Rows kept, augmented ones among them. */
export function keptOf(summary: Summary): number {
  return [...summary.sources.values()].reduce(
    (sum, { keptSingle, keptMulti, augmented }) => sum + keptSingle + keptMulti + augmented,
    0,
  )
}

/** Lines for a person. */
export function summaryLines(summary: Summary): string[] {
  const header = ['source', 'raw rows', 'single', 'multi', 'unused', 'steps', 'kept', 'single', 'multi', 'added']
  const rows = [...summary.sources].map(([name, counts]) => [
    name,
    ...[counts.raw, counts.single, counts.multi, counts.unused, counts.steps].map(String),
    ...[
      counts.keptSingle + counts.keptMulti + counts.augmented,
      counts.keptSingle,
      counts.keptMulti,
      counts.augmented,
    ].map(String),
  ])
  return [
    ...table([header, ...rows], { numbers: true }),
    ...listed(
      'left out',
      [...summary.removed].map(([reason, count]) => [count, `${reason}: ${REASONS[reason]}`]),
    ),
    ...listed(
      'tool schemas repaired',
      [...summary.repairs].map(([kind, count]) => [count, kind]),
    ),
    ...listed(
      'rows as they were read',
      summary.replaced > 0
        ? [[summary.replaced, 'with bytes that are no UTF-8, read as U+FFFD (hone lint: HN003)']]
        : [],
    ),
    ...mixedLines(summary),
    ...splitLines(summary),
    ...lengthLines(summary.lengths),
  ]
}

function mixedLines({ mixed }: Summary): string[] {
  if (mixed.length === 0) return []
  const rows = mixed.map(({ path, weight, rows, taken }) => [path, String(weight), String(rows), String(taken)])
  return table([['mixed', 'weight', 'rows', 'taken'], ...rows], { numbers: true })
}

function splitLines({ split }: Summary): string[] {
  if (!split) return []
  const { rows, heldOut, groups, largest, by } = split
  const share = `${heldOut} of ${rows} rows (${((100 * heldOut) / rows).toFixed(1)} %)`
  return [`held out: ${share}; ${groups} groups by ${by.join(', ')}, the largest of ${largest} rows`]
}

function listed(title: string, entries: (readonly [number, string])[]): string[] {
  if (entries.length === 0) return []
  const sorted = entries.toSorted((a, b) => b[0] - a[0])
  const shown = sorted.slice(0, MOST).map(([count, text]) => `  ${String(count).padStart(7)}  ${text}`)
  const rest = sorted.slice(MOST).reduce((sum, [count]) => sum + count, 0)
  return [`${title}:`, ...shown, ...(rest > 0 ? [`  ${String(rest).padStart(7)}  of other kinds`] : [])]
}

const MOST = 12
