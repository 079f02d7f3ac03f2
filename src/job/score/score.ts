// hone score: verdicts of a file's rows in order, and what they come to.
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { complain, data, log } from '../../out.ts'
import { comparisonLines, countDifference, emptyComparison } from '../../reward/score/compare.ts'
import { explain } from '../../reward/score/explain.ts'
import type { Reward } from '../../reward/reward.ts'
import { idOf, verdictLine } from '../../reward/rows.ts'
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
import { fanOut, ownPart, reportPart, type Done } from '../fan-out.ts'
import { isParquet, readSamples } from './samples.ts'
import { scoreLines } from './score-lines.ts'

/** Writes a verdict a row to stdout and the summary to stderr, in `jobs` processes. EXIT.no where the mean is below `minMean`. */
export async function scoreFiles(
  files: readonly string[],
  scorer: Scorer,
  jobs: number | undefined,
  minMean: number | undefined,
): Promise<ExitCode> {
  const summary = emptySummary()
  const part = ownPart(process.env)
  if (part && scorer.inside) {
    const lines = await scoreLines(part.path, scorer.inside, summary, part)
    reportPart(summaryText(summary, lines))
    return EXIT.ok
  }
  for (const file of files) {
    if (scorer.inside && !isParquet(file)) {
      await scoreFile(file, scorer.inside, summary, jobs)
      continue
    }
    for await (const block of readSamples(file, scorer)) {
      for (const verdict of await scorer.score(block.map(({ sample }) => sample))) {
        data(verdictLine(verdict))
        countVerdict(summary, verdict)
      }
    }
  }
  return conclude(scorer.name, summary, minMean)
}

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
        data(`{"compat":${verdictLine(loose[i]!)},"strict":${verdictLine(exact[i]!)}}`)
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
