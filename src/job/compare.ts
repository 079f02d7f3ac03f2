// hone compare at work: two evaluations of the same rows, and what changed from the first to the second.
import * as v from 'valibot'
import { changes, compare, pair, readOutcomes, type Comparison } from '../eval/compare.ts'
import { percent } from '../eval/report/text.ts'
import { data, log } from '../out.ts'
import { next } from '../shell/next.ts'
import { notice } from '../shell/notice.ts'
import { table } from '../shell/table.ts'
import { argument, file, say } from '../text/setting.ts'

export const CompareFlags = v.object({
  before: argument(file(), 'rows that eval --format ndjson wrote'),
  after: argument(file(), 'the same of the other model'),
  format: say(
    v.optional(v.picklist(['text', 'ndjson', 'json']), 'text'),
    'stdout: the table, a row per change, or all as JSON',
  ),
})

/** @throws HoneError for rows that no evaluation wrote. */
export async function compareCommand({ format, ...files }: v.InferOutput<typeof CompareFlags>): Promise<void> {
  const { pairs, unpaired } = pair(await readOutcomes(files.before), await readOutcomes(files.after))
  if (unpaired > 0) notice.warn(`${unpaired} rows are in one of the files only and are left out`)
  const comparisons = compare(pairs)
  const changed = changes(pairs)
  if (format === 'json') return data(JSON.stringify({ comparisons, changes: changed }, null, 2))
  const write = format === 'ndjson' ? log : data
  for (const line of table([HEAD, ...comparisons.map(row)])) write(line)
  if (format === 'ndjson') for (const change of changed) data(JSON.stringify(change))
  else for (const { id, category, before, after } of changed) data(`${after > before ? '+' : '-'} ${category} ${id}`)
  if (changed.length > 0)
    next([['compare', files.before, files.after, '--format', 'ndjson'], 'the rows that changed, one JSON object each'])
}

const HEAD = ['category', 'rows', 'before', 'after', 'difference', '95 %', 'better', 'worse', 'sign test']

function row({ category, rows, before, after, difference, better, worse, chance }: Comparison): string[] {
  const { estimate, low, high } = difference
  return [
    category,
    String(rows),
    percent(before),
    percent(after),
    percent(estimate),
    `${percent(low)} – ${percent(high)}`,
    String(better),
    String(worse),
    chance.toPrecision(2),
  ]
}
