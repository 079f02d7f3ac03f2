// Two evaluations of the same rows side by side: paired difference, its interval, and the rows that changed.
import { completionIn } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import { mean, pairedDifference, signTest, type Interval } from './statistics.ts'

/** One judged row of an evaluation. */
export interface Outcome {
  /** What tells the row from others: id, category, language and sample; the line number where it has none. */
  key: string
  id: string
  category: string
  score: number
  /** What was answered, where it is text. */
  text?: string
}

export interface Change {
  id: string
  category: string
  before: number
  after: number
  /** What was answered, before and after. */
  texts?: { before: string; after: string }
}

export interface Comparison {
  category: string
  rows: number
  before: number
  after: number
  difference: Interval
  better: number
  worse: number
  /** Two-sided sign test of better against worse. */
  chance: number
}

/** The rows of a file that `hone eval --format ndjson` or the evaluation of a run wrote. @throws HoneError where a row holds no verdict or score. */
export async function readOutcomes(path: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for await (const { line, value } of readRecords(path)) {
    const score = isObject(value) ? scoreOf(value) : undefined
    if (!isObject(value) || score === undefined) {
      throw new HoneError('Cannot compare the row: it has no verdict and no score', {
        at: `${path}:${line}`,
        hint: 'compare files that hone eval --format ndjson wrote',
      })
    }
    const id = text(value['id'])
    const category = text(value['category'] ?? value['set'])
    const names = [id, category, text(value['lang']), text(value['sample'])]
    const answer = completionIn(value)
    outcomes.push({
      ...(typeof answer === 'string' && { text: answer }),
      key: id === '' ? `line ${line}` : names.join(' '),
      id: id === '' ? `line ${line}` : id,
      category,
      score,
    })
  }
  return outcomes
}

/**
 * Pairs of the rows that both have, in the order of the first.
 * @throws HoneError where they have none in common.
 */
export function pair(
  before: readonly Outcome[],
  after: readonly Outcome[],
): { pairs: [Outcome, Outcome][]; unpaired: number } {
  const other = new Map(after.map((outcome) => [outcome.key, outcome]))
  const pairs = before.flatMap((outcome): [Outcome, Outcome][] => {
    const match = other.get(outcome.key)
    return match ? [[outcome, match]] : []
  })
  if (pairs.length === 0) throw new HoneError('Cannot compare: the two files have no row in common')
  return { pairs, unpaired: before.length + after.length - 2 * pairs.length }
}

/** One comparison per category, then one of all rows. */
export function compare(pairs: readonly [Outcome, Outcome][]): Comparison[] {
  const groups = [...Map.groupBy(pairs, ([{ category }]) => category)]
  const all: [string, readonly [Outcome, Outcome][]] = ['all rows', pairs]
  return [...(groups.length > 1 ? groups : []), all].map(([category, members]) => {
    const before = members.map(([{ score }]) => score)
    const after = members.map(([, { score }]) => score)
    const better = members.filter(([a, b]) => b.score > a.score).length
    const worse = members.filter(([a, b]) => b.score < a.score).length
    return {
      category,
      rows: members.length,
      before: mean(before),
      after: mean(after),
      difference: pairedDifference(before, after),
      better,
      worse,
      chance: signTest(better, worse),
    }
  })
}

export function changes(pairs: readonly [Outcome, Outcome][]): Change[] {
  return pairs
    .filter(([a, b]) => a.score !== b.score)
    .map(([a, b]) => ({
      id: a.id,
      category: a.category,
      before: a.score,
      after: b.score,
      ...(a.text !== undefined && b.text !== undefined && { texts: { before: a.text, after: b.text } }),
    }))
}

/** The rows of a run's evaluation have a reward's score beside what exact match counts, which is the verdict of `hone eval`. */
function scoreOf({ verdict, exact, score }: JsonObject): number | undefined {
  if (typeof verdict === 'boolean') return Number(verdict)
  if (typeof exact === 'boolean') return Number(exact)
  return typeof score === 'number' ? score : undefined
}

function text(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value)
}
