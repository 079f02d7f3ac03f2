// Replies to rows from a teacher or from one's own model, kept as a reward says.
import { blankOut } from '../../dialogue/call/read.ts'
import { callTexts } from '../../dialogue/call/values.ts'
import { judgeOf } from '../../lint/judge.ts'
import { inOrder } from '../../dialogue/endpoint.ts'
import { status } from '../../out.ts'
import type { JsonObject } from '../../text/json.ts'
import type { Scorer } from '../../reward/scorer.ts'
import { rowJson, type HoneRow } from '../../dialogue/row.ts'
import { askOne, type Answerer } from '../answer/answerer.ts'
import { type Graded, keeper, type KeepName } from './keep.ts'
import { questionOf } from './question.ts'

export interface DistillOptions {
  /** Replies that a row is asked for at most. */
  attempts: number
  concurrency: number
  /** Score that a reply must have; by default what the right answer itself scores. */
  minimum: number | undefined
  keep: KeepName
}

export interface DistillCounts {
  accepted: number
  rejected: number
  failed: number
  replies: number
}

/**
 * What is kept of the replies to each row, in the order of the rows: `meta.completion` is a reply word for word, `meta.thought`
 * its thinking. A row of which nothing is kept after `attempts` replies is rejected, and failed where no reply came. A reply ends
 * with its first block of calls, as Tool-N1's preparation cuts it.
 */
export async function* distill(
  rows: readonly HoneRow[],
  teacher: Answerer,
  scorer: Scorer,
  { attempts, concurrency, minimum, keep }: DistillOptions,
  counts: DistillCounts,
): AsyncGenerator<JsonObject> {
  const { ends = false, relative = false, keep: pick } = keeper(keep)
  const judge = minimum === undefined && !relative ? await judgeOf(scorer) : undefined
  const trace = async (row: HoneRow): Promise<JsonObject[]> => {
    const least = judge ? (await judge.judge([row]))[0]!.best : (minimum ?? -Infinity)
    const replies: Graded[] = []
    let answered = false
    for (let sample = 0; sample < attempts; sample++) {
      const answer = await askOne(teacher, questionOf(row, sample))
      if ('failure' in answer) continue
      answered = true
      counts.replies++
      const completion = cutAfterCalls(answer.text)
      const [verdict] = await scorer.score([{ completion, truth: row.answer, row: rowJson(row) }])
      if (verdict!.fault !== null) continue
      replies.push({ sample, completion, score: verdict!.score })
      if (ends && verdict!.score >= least) break
    }
    const kept = pick(row, replies, least, teacher.source)
    if (kept.length > 0) counts.accepted++
    else if (answered) counts.rejected++
    else counts.failed++
    return kept
  }
  for await (const kept of inOrder(rows, concurrency, trace)) {
    const { accepted, rejected, failed } = counts
    status(
      `distill  ${accepted + rejected + failed}/${rows.length}  accepted ${accepted}  rejected ${rejected}  failed ${failed}`,
    )
    yield* kept
  }
}

/** The reply up to and with its first block of calls after the thought; text after it would be learnt too. Tags in strings are data. */
export function cutAfterCalls(text: string): string {
  const visible = blankOut(text, callTexts(text))
  const end = visible.indexOf('</tool_call>', Math.max(0, visible.indexOf('</think>')))
  return (end < 0 ? text : text.slice(0, end + '</tool_call>'.length)).trim()
}
