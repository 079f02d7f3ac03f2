// Replies to rows from a teacher or from one's own model, kept as a reward says.
import { blankOut } from '../../dialogue/call/read.ts'
import { callTexts } from '../../dialogue/call/values.ts'
import { judgeOf } from '../../lint/judge.ts'
import { inOrder } from '../../dialogue/endpoint.ts'
import { countdown } from '../../shell/meter.ts'
import type { JsonObject } from '../../text/json.ts'
import type { Scorer } from '../../reward/scorer.ts'
import { rowJson, type HoneRow } from '../../dialogue/row.ts'
import { textTruth } from '../../rl/judge.ts'
import { askOne, type Answerer } from '../answer/answerer.ts'
import { type Graded, keeper, type KeepName } from './keep.ts'
import { questionOf } from './question.ts'

/** A reply, or that the row needs none, as it is answered rightly as it is; undefined where none came. */
export type Said = { completion: string; sample: number; hint?: string } | { right: true } | undefined

/** Replies to a row, one after the other as long as they are wanted. */
export type Replies = (row: HoneRow, accepts: (completion: string) => Promise<boolean>) => AsyncIterable<Said>

export interface DistillOptions {
  concurrency: number
  /** Score that a reply must have; by default what the right answer itself scores. */
  minimum: number | undefined
  keep: KeepName
}

export interface DistillCounts {
  /** Rows that needed no hint. */
  right: number
  accepted: number
  rejected: number
  failed: number
  replies: number
}

/** So many replies of a teacher at most; what an endpoint says has blanks about it, what a model here says is its own. */
export const plainReplies = (teacher: Answerer, attempts: number, { tidy }: { tidy: boolean }): Replies =>
  async function* (row) {
    for (let sample = 0; sample < attempts; sample++) {
      const answer = await askOne(teacher, questionOf(row, sample))
      yield 'failure' in answer ? undefined : { completion: tidy ? answer.text.trim() : answer.text, sample }
    }
  }

/**
 * What is kept of the replies to each row, in the order of the rows: `meta.completion` is a reply word for word, `meta.thought`
 * its thinking. A row of which nothing is kept after all replies is rejected, and failed where none came. A reply ends
 * with its first block of calls, as Tool-N1's preparation cuts it.
 */
export async function* distill(
  rows: readonly HoneRow[],
  teacher: { source: string; replies: Replies },
  scorer: Scorer,
  { concurrency, minimum, keep }: DistillOptions,
  counts: DistillCounts,
): AsyncGenerator<JsonObject> {
  const { ends = false, relative = false, keep: pick } = keeper(keep)
  const judge = minimum === undefined && !relative ? await judgeOf(scorer) : undefined
  // Of a text answer no reward gives more than for the right one.
  const bestOf = async (row: HoneRow) => (textTruth(rowJson(row)) ? 1 : (await judge!.judge([row]))[0]!.best)
  const trace = async (row: HoneRow): Promise<JsonObject[]> => {
    const least = judge ? await bestOf(row) : (minimum ?? -Infinity)
    const replies: Graded[] = []
    let answered = false
    const scoreOf = async (completion: string) => {
      const [verdict] = await scorer.score([
        { completion, truth: textTruth(rowJson(row)) ?? row.answer, row: rowJson(row) },
      ])
      return verdict!.fault === null ? verdict!.score : undefined
    }
    const accepts = async (text: string) => ((await scoreOf(cutAfterCalls(text))) ?? -Infinity) >= least
    for await (const said of teacher.replies(row, accepts)) {
      if (!said) continue
      answered = true
      counts.replies++
      if ('right' in said) {
        counts.right++
        return []
      }
      const completion = cutAfterCalls(said.completion)
      const score = await scoreOf(completion)
      if (score === undefined) continue
      replies.push({ ...said, completion, score })
      if (ends && score >= least) break
    }
    const kept = pick(row, replies, least, teacher.source)
    if (kept.length > 0) counts.accepted++
    else if (answered) counts.rejected++
    else counts.failed++
    return kept
  }
  const tell = countdown('distill', rows.length)
  for await (const kept of inOrder(rows, concurrency, trace)) {
    const { accepted, rejected, failed, right } = counts
    tell(accepted + rejected + failed + right, `accepted ${accepted}  rejected ${rejected}  failed ${failed}`)
    yield* kept
  }
}

/** The reply up to and with its first block of calls after the thought; text after it would be learnt too. Tags in strings are data. */
export function cutAfterCalls(text: string): string {
  const visible = blankOut(text, callTexts(text))
  const end = visible.indexOf('</tool_call>', Math.max(0, visible.indexOf('</think>')))
  return end < 0 ? text : text.slice(0, end + '</tool_call>'.length)
}
