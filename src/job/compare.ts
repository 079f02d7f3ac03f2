// hone compare at work: two evaluations of the same rows, and what changed from the first to the second.
import * as v from 'valibot'
import { changes, compare, pair, readOutcomes, type Comparison } from '../eval/compare.ts'
import { percent } from '../eval/report/text.ts'
import { HoneError } from '../error.ts'
import { data, log } from '../out.ts'
import { isRun, pathsOf, stepFile, stepsIn } from '../rundir/paths.ts'
import { next } from '../shell/next.ts'
import { notice } from '../shell/notice.ts'
import { table } from '../shell/table.ts'
import { argument, file, say } from '../text/setting.ts'

export const CompareFlags = v.object({
  before: argument(file(), 'rows that eval --format ndjson wrote, or a run: its last answers to held-out rows'),
  after: argument(file(), 'the same of the other model'),
  format: say(
    v.optional(v.picklist(['text', 'ndjson', 'json']), 'text'),
    'stdout: the table, a row per change, or all as JSON',
  ),
})

/** @throws HoneError for rows that no evaluation wrote. */
export async function compareCommand({ format, before, after }: v.InferOutput<typeof CompareFlags>): Promise<void> {
  const { pairs, unpaired } = pair(
    ...(await Promise.all([readOutcomes(outcomesOf(before)), readOutcomes(outcomesOf(after))])),
  )
  if (unpaired > 0) notice.warn(`${unpaired} rows are in one of the files only and are left out`)
  const comparisons = compare(pairs)
  const changed = changes(pairs)
  if (format === 'json') return data(JSON.stringify({ comparisons, changes: changed }, null, 2))
  const write = format === 'ndjson' ? log : data
  for (const line of table([HEAD, ...comparisons.map(row)])) write(line)
  if (format === 'ndjson') for (const change of changed) data(JSON.stringify(change))
  else for (const change of changed) data(`${change.after > change.before ? '+' : '-'} ${change.category} ${change.id}`)
  if (changed.length > 0)
    next([
      ['compare', before, after, '--format', 'ndjson'],
      'the rows that changed, one JSON object each, with their texts',
    ])
}

/** The file of outcomes that a path names. @throws HoneError for a run that holds none. */
function outcomesOf(path: string): string {
  if (!isRun(path)) return path
  const { evals } = pathsOf(path)
  const last = stepsIn(evals).at(-1)
  if (last !== undefined) return stepFile(evals, last)
  throw new HoneError('Cannot compare the run: it has answered no held-out rows', {
    at: path,
    hint: `hone eval --bench rows --data ROWS --model ${path} --format ndjson > FILE writes answers`,
  })
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
