// An evaluation for the terminal: categories with intervals and errors, scores, published numbers beside them, notes.
import { formatFixed } from '../../text/python/number.ts'
import { table } from '../../shell/table.ts'
import type { NamedScore, PublishedTable } from '../benchmark.ts'
import type { Summary } from '../summary.ts'
import type { Tally } from '../tally.ts'

export function textReport({
  benchmark,
  source,
  protocol,
  all,
  categories,
  scores,
  notes,
  published,
}: Summary): string[] {
  const shown = categories.length === 1 ? categories : [...categories, all]
  return [
    `${benchmark} · ${source} · protocol ${protocol}`,
    '',
    ...table([['category', 'right', 'share', '95 %', 'most frequent errors'], ...shown.map(tallyRow)]),
    ...(scores.length > 0 ? ['', ...table(scores.map(scoreRow))] : []),
    ...(published ? ['', ...publishedRows(published)] : []),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ]
}

function tallyRow({ category, correct, total, interval, errors }: Tally): string[] {
  const frequent = errors.slice(0, 3).map(([type, count]) => `${type} ${count}`)
  return [
    category,
    `${round(correct)}/${total}`,
    percent(interval.estimate),
    `${percent(interval.low)} – ${percent(interval.high)}`,
    frequent.join(', '),
  ]
}

function scoreRow({ name, value, low, high, what }: NamedScore): string[] {
  const range = low === undefined || high === undefined ? '' : `${percent(low)} – ${percent(high)}`
  return [name, value === null ? 'n/a' : percent(value), range, what]
}

/** The aggregates of the published table. */
function publishedRows({ source, note, columns, rows }: PublishedTable): string[] {
  const cells = rows.map(({ name, values }) => [
    name,
    ...values.slice(-SHOWN).map((value) => value?.toFixed(2) ?? 'n/a'),
  ])
  return [source, ...table([['', ...columns.slice(-SHOWN)], ...cells]), note]
}

/** Last columns of a published table that fit a terminal. */
const SHOWN = 5

export function percent(share: number): string {
  return Number.isNaN(share) ? 'n/a' : `${formatFixed(100 * share, 2)} %`
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}
