// What an evaluation leaves behind: rows on stdout, the table, JSON, an HTML page, files for the official evaluator.
import { reportPage } from '../../eval/report/html.ts'
import { textReport } from '../../eval/report/text.ts'
import type { Summary } from '../../eval/summary.ts'
import type { Benchmark, Judged, Response } from '../../eval/benchmark.ts'
import { benchmarks } from '../../eval/benchmarks.ts'
import { HoneError } from '../../error.ts'
import { dumpJson } from '../../text/json.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { data, log } from '../../out.ts'
import type { EvalFlags } from './flags.ts'

/** A response and what was said of it. */
export interface Pair {
  judged: Judged
  response: Response
}

/** With `--format ndjson` the judgement of each response; of a model's own responses also what it wrote. */
export function writeRow({ format, responses }: EvalFlags, { judgement }: Judged, { record }: Response): void {
  if (format !== 'ndjson') return
  if (responses !== undefined) return data(dumpJson(judgement, { ensureAscii: false }))
  // The judgement counts calls under the name by which the record holds them.
  const made = Array.isArray(record['calls']) && { tool_calls: record['calls'] }
  data(dumpJson({ ...record, ...made, ...judgement }, { ensureAscii: false }))
}

export async function writeReports(flags: EvalFlags, summary: Summary, pairs: readonly Pair[]): Promise<void> {
  const { format, json, report } = flags
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
export function requireResults(flags: EvalFlags): void {
  for (const { name } of resultsOf(flags))
    if (name !== flags.bench)
      throw new HoneError(`Cannot use --write-${name}: the benchmark is ${flags.bench}`, {
        hint: `use --bench ${name}`,
      })
}

function resultsOf(flags: Readonly<Record<string, unknown>>) {
  return Object.entries<Benchmark>(benchmarks).flatMap(([name, { results }]) => {
    const folder = flags[`write-${name}`]
    return results && typeof folder === 'string' ? [{ name, folder, write: results.write }] : []
  })
}
