// hone score: verdicts of a file's rows in order, and what they come to.
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { complain, data, log } from '../../out.ts'
import { comparisonLines, countDifference, emptyComparison } from '../../reward/score/compare.ts'
import { explain } from '../../reward/score/explain.ts'
import { idOf } from '../../dialogue/row.ts'
import type { Reward, Verdict } from '../../reward/reward.ts'
import { idHead, verdictLine } from '../../reward/rows.ts'
import type { Scorer } from '../../reward/scorer.ts'
import type { Part } from '../../text/chunks.ts'
import {
  countVerdict,
  emptySummary,
  meanScore,
  mergeSummary,
  readSummary,
  summaryLines,
  summaryText,
  type Summary,
} from '../../reward/score/summary.ts'
import { containerOf } from '../../data/records.ts'
import { fanOut, ownPart, reportPart, type Done } from '../fan-out.ts'
import { openTable } from '../../shell/rows.ts'
import { openCheck } from './expected.ts'
import { readSamples } from './samples.ts'
import { scoreLines } from './score-lines.ts'

export interface ScoreOptions {
  /** Processes for a large file. */
  jobs: number | undefined
  /** The mean that must be reached. */
  minMean: number | undefined
  /** Rows as a table of the first ones. */
  people: boolean
  /** Rows must score as they say. */
  check: boolean
}

/**
 * Writes a verdict a row to stdout and the summary to stderr. EXIT.no where no row could be judged, the mean is below `minMean`,
 * or a row scores otherwise than it says and that is checked.
 */
export async function scoreFiles(
  files: readonly string[],
  scorer: Scorer,
  { jobs, minMean, people, check }: ScoreOptions,
): Promise<ExitCode> {
  const summary = emptySummary()
  const part = ownPart(process.env)
  if (part && scorer.inside) {
    const lines = await scoreLines(part.path, scorer.inside, summary, part)
    reportPart(summaryText(summary, lines))
    return EXIT.ok
  }
  const shown = people ? openTable(['row', 'score', 'why']) : undefined
  const checked = check ? openCheck() : undefined
  for (const file of files) {
    if (!shown && !checked && scorer.inside && (await containerOf(file)) !== 'parquet') {
      await scoreFile(file, scorer.inside, summary, jobs)
      continue
    }
    for await (const block of readSamples(file, scorer)) {
      const verdicts = await scorer.score(block.map(({ sample }) => sample))
      for (const [i, { line, sample }] of block.entries()) {
        const verdict = verdicts[i]!
        if (shown) shown.row(() => [idOf(sample.row, line), shortScore(verdict), whyOf(verdict)])
        else data(verdictLine(verdict, sample.row))
        checked?.take(sample, verdict, `${file}:${line}`)
        countVerdict(summary, verdict)
      }
    }
  }
  shown?.end()
  const code = conclude(scorer.name, summary, minMean)
  return checked?.holds() === false ? EXIT.no : code
}

const shortScore = ({ score, notApplicable }: Verdict): string =>
  notApplicable ? '-' : String(Number(score.toFixed(4)))

const whyOf = ({ fault, reasons }: Verdict): string => (fault === null ? reasons : [fault, ...reasons]).join('; ')

async function scoreFile(path: string, reward: Reward, summary: Summary, jobs: number | undefined): Promise<void> {
  const here = (part: Part | undefined, before: number) => scoreLines(path, reward, summary, part, before)
  const take = async ({ output, report }: Done) => {
    for await (const { texts } of output) data(texts.join('\n'))
    const { lines, summary: other } = readSummary(report)
    mergeSummary(summary, other)
    return lines
  }
  await fanOut(path, { here, take }, jobs)
}

/** Writes {compat, strict} a row to stdout and the differences by kind to stderr. */
export async function compareFiles(files: readonly string[], compat: Scorer, strict: Scorer): Promise<ExitCode> {
  const comparison = emptyComparison()
  for (const file of files) {
    for await (const block of readSamples(file, compat)) {
      const samples = block.map(({ sample }) => sample)
      const [loose, exact] = await Promise.all([compat.score(samples), strict.score(samples)])
      for (const [i, { line, sample }] of block.entries()) {
        data(`${idHead(sample.row)}"compat":${verdictLine(loose[i]!)},"strict":${verdictLine(exact[i]!)}}`)
        countDifference(comparison, idOf(sample.row, line), loose[i]!, exact[i]!)
      }
    }
  }
  for (const line of comparisonLines(compat.name, comparison)) log(line)
  return EXIT.ok
}

/** Writes why the row of that id (or line number) has its score, call by call. @throws HoneError where there is no such row. */
export async function explainRow(
  files: readonly string[],
  scorer: Scorer,
  id: string,
  parser: string,
): Promise<ExitCode> {
  for (const file of files) {
    for await (const block of readSamples(file, scorer)) {
      for (const { line, sample } of block) {
        if (idOf(sample.row, line) !== id) continue
        const [verdict] = await scorer.score([sample])
        for (const text of explain(sample, verdict!, scorer.name, parser)) data(text)
        return EXIT.ok
      }
    }
  }
  throw new HoneError(`Cannot explain row ${id}: there is none`, {
    at: files.join(', '),
    hint: 'give the id of a row, or its line number where rows have no id',
  })
}

function conclude(name: string, summary: Summary, minMean: number | undefined): ExitCode {
  for (const line of summaryLines(name, summary)) log(line)
  // One and the same fault everywhere is the reward's or the file's, not the completions'.
  const [everywhere] = [...summary.faults].filter(([, rows]) => rows === summary.rows)
  if (everywhere) {
    complain(`no row could be judged: each has the fault ${everywhere[0]}`)
    return EXIT.no
  }
  if (minMean === undefined || meanScore(summary) >= minMean) return EXIT.ok
  log(`mean ${meanScore(summary).toFixed(4)} is below the required ${minMean}`)
  return EXIT.no
}
