// An evaluation for the terminal: categories with intervals and errors, scores, published numbers beside them, notes.
import { formatFixed } from '../../python-number.ts'
import { table } from '../../table.ts'
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
    ...(published ? ['', ...publishedRows(published, scores)] : []),
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

/** The published aggregates, with the reader's own numbers as the last row where they exist. */
function publishedRows({ source, note, columns, rows }: PublishedTable, scores: readonly NamedScore[]): string[] {
  const last = columns.slice(-5)
  const value = (name: string) => scores.find((score) => score.name === name)?.value
  const own = [value('v4 non-live'), value('v4 live'), value('Table 2 overall')]
  const cells = own.map((score) => (score === null || score === undefined ? 'n/a' : (100 * score).toFixed(2)))
  return [
    source,
    ...table([
      ['', ...last],
      ...rows.map(({ name, values }) => [name, ...values.slice(-5).map((each) => each.toFixed(2))]),
      ['yours', cells[0]!, cells[1]!, cells[2]!, cells[1]!, cells[2]!],
    ]),
    note,
  ]
}

export function percent(share: number): string {
  return Number.isNaN(share) ? 'n/a' : `${formatFixed(100 * share, 2)} %`
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2)
}
