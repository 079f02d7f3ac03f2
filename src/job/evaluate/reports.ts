// What an evaluation leaves behind: rows on stdout, the table, JSON, an HTML page, files for the official evaluator.
import { reportPage } from '../../eval/report/html.ts'
import { textReport } from '../../eval/report/text.ts'
import { scoreOf, type Summary } from '../../eval/summary.ts'
import type { Judged, Response } from '../../eval/benchmark.ts'
import { benchmarks } from '../../eval/benchmarks.ts'
import { HoneError } from '../../error.ts'
import { dumpJson } from '../../text/json.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { data, log } from '../../out.ts'

/** A response and what was said of it. */
export interface Pair {
  judged: Judged
  response: Response
}

export interface ReportFlags {
  responses?: string | undefined
  format?: string | undefined
  json?: string | undefined
  report?: string | undefined
  [writer: `write-${string}`]: unknown
}

/** With `--format ndjson` the judgement of each response; of a model's own responses also what it wrote. */
export function writeRow({ format, responses }: ReportFlags, { judgement }: Judged, { record }: Response): void {
  if (format !== 'ndjson') return
  data(dumpJson(responses === undefined ? { ...record, ...judgement } : judgement, { ensureAscii: false }))
}

export async function writeReports(flags: ReportFlags, summary: Summary, pairs: readonly Pair[]): Promise<void> {
  const { format = 'text', json, report } = flags
  const text = textReport(summary)
  for (const line of text) format === 'text' ? data(line) : log(line)
  const plain = JSON.stringify(summary, null, 2)
  if (format === 'json') data(plain)
  if (json !== undefined) writeFileAtomic(json, `${plain}\n`)
  if (report !== undefined)
    writeFileAtomic(
      report,
      reportPage(
        summary,
        pairs.map(({ judged }) => judged),
      ),
    )
  for (const { folder, write } of resultsOf(flags)) {
    const records = pairs.map(({ response }) => response.record)
    for (const line of write(folder, records)) log(line)
  }
}

/** @throws HoneError where files for the program of another benchmark are asked for. */
export function requireResults(flags: ReportFlags & { bench: string }): void {
  for (const { name } of resultsOf(flags))
    if (name !== flags.bench)
      throw new HoneError(`Cannot use --write-${name}: the benchmark is ${flags.bench}`, {
        hint: `use --bench ${name}`,
      })
}

function resultsOf(flags: ReportFlags) {
  return Object.entries(benchmarks).flatMap(([name, { results }]) => {
    const folder = flags[`write-${name}`]
    return results && typeof folder === 'string' ? [{ name, folder, write: results.write }] : []
  })
}

/** Is every bar met? `bars` is `0.8` (accuracy over all responses) or `NAME=0.8`, several between commas. */
export function meets(summary: Summary, bars: string | undefined): boolean {
  let met = true
  for (const bar of bars?.split(',') ?? []) {
    const [, name = 'accuracy', text = ''] = /^(?:(.*)=)?([^=]*)$/.exec(bar.trim()) ?? []
    const least = Number(text)
    if (text === '' || !(least >= 0 && least <= 1))
      throw new HoneError(`Cannot use --min ${bar}: expected a share from 0 to 1, or NAME=SHARE`)
    const value = scoreOf(summary, name)
    if (value === undefined) {
      throw new HoneError(`Cannot use --min ${bar}: there is no score of that name`, {
        hint: `Scores: accuracy, ${summary.scores.map((score) => score.name).join(', ')}.`,
      })
    }
    if (value !== null && value >= least) continue
    met = false
    log(`${name} is ${value === null ? 'not available' : value.toFixed(4)}, below the bar of ${least}`)
  }
  return met
}
