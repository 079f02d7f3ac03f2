// Reasoning traces for rows from a teacher, kept only where the reward accepts the whole reply.
import { blankOut, splitThink } from '../../dialogue/call/read.ts'
import { callTexts } from '../../dialogue/call/values.ts'
import { judgeOf } from '../../lint/judge.ts'
import { inOrder } from '../../dialogue/endpoint.ts'
import { status } from '../../out.ts'
import type { Scorer } from '../../reward/scorer.ts'
import { rowJson, type HoneRow } from '../../dialogue/row.ts'
import { askOne, type Answerer } from '../answer/answerer.ts'
import { questionOf } from './question.ts'

export interface DistillOptions {
  /** Replies that a row is asked for at most. */
  attempts: number
  concurrency: number
  /** Score that a reply must have; by default what the right answer itself scores. */
  minimum: number | undefined
}

export interface DistillCounts {
  accepted: number
  rejected: number
  failed: number
  replies: number
}

/**
 * Rows whose reply was accepted, in the order of the rows: `meta.completion` is the reply word for word, `meta.thought` its
 * thinking. A row is rejected after `attempts` replies and failed where no reply came. A reply ends with its first block of
 * calls, as Tool-N1's preparation cuts it.
 */
export async function* distill(
  rows: readonly HoneRow[],
  teacher: Answerer,
  scorer: Scorer,
  { attempts, concurrency, minimum }: DistillOptions,
  counts: DistillCounts,
): AsyncGenerator<HoneRow> {
  const judge = minimum === undefined ? await judgeOf(scorer) : undefined
  const trace = async (row: HoneRow): Promise<HoneRow | undefined> => {
    const least = minimum ?? (await judge!.judge([row]))[0]!.best
    let answered = false
    for (let sample = 0; sample < attempts; sample++) {
      const answer = await askOne(teacher, questionOf(row, sample))
      if ('failure' in answer) continue
      answered = true
      counts.replies++
      const completion = cutAfterCalls(answer.text)
      const [verdict] = await scorer.score([{ completion, truth: row.answer, row: rowJson(row) }])
      if (verdict!.fault === null && verdict!.score >= least) {
        counts.accepted++
        const { think } = splitThink(completion, (text) => callTexts(text))
        return {
          ...row,
          meta: { ...row.meta, completion, ...(think === null ? {} : { thought: think }), teacher: teacher.source },
        }
      }
    }
    if (answered) counts.rejected++
    else counts.failed++
    return undefined
  }
  for await (const row of inOrder(rows, concurrency, trace)) {
    const { accepted, rejected, failed } = counts
    status(
      `distill  ${accepted + rejected + failed}/${rows.length}  accepted ${accepted}  rejected ${rejected}  failed ${failed}`,
    )
    if (row) yield row
  }
}

/** The reply up to and with its first block of calls after the thought; text after it would be learnt too. Tags in strings are data. */
export function cutAfterCalls(text: string): string {
  const visible = blankOut(text, callTexts(text))
  const end = visible.indexOf('</tool_call>', Math.max(0, visible.indexOf('</think>')))
  return (end < 0 ? text : text.slice(0, end + '</tool_call>'.length)).trim()
}
