// hone compare: two evaluations of the same rows, and what changed from the first to the second.
import { defineCommand } from 'citty'
import { changes, compare, pair, readOutcomes, type Comparison } from '../eval/compare.ts'
import { percent } from '../eval/report/text.ts'
import { notice } from '../shell/notice.ts'
import { data, log } from '../out.ts'
import { table } from '../shell/table.ts'

export default defineCommand({
  meta: { description: 'compare two evaluations row by row: difference with interval, and the rows that changed' },
  args: {
    before: { type: 'positional', description: 'rows that eval --format ndjson wrote', required: true },
    after: { type: 'positional', description: 'the same of the other model', required: true },
    format: {
      type: 'enum',
      options: ['text', 'ndjson', 'json'],
      description: 'stdout: the table, a row per change, or all as JSON [default: text]',
    },
  },
  async run({ args }) {
    const { pairs, unpaired } = pair(await readOutcomes(args.before), await readOutcomes(args.after))
    if (unpaired > 0) notice.warn(`${unpaired} rows are in one of the files only and are left out`)
    const comparisons = compare(pairs)
    const changed = changes(pairs)
    if (args.format === 'json') return data(JSON.stringify({ comparisons, changes: changed }, null, 2))
    const write = args.format === 'ndjson' ? log : data
    for (const line of table([HEAD, ...comparisons.map(row)])) write(line)
    if (args.format === 'ndjson') for (const change of changed) data(JSON.stringify(change))
    else for (const { id, category, before, after } of changed) data(`${after > before ? '+' : '-'} ${category} ${id}`)
  },
})

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
