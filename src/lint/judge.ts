// What a reward says of right answers: the best score that a perfect reply earns on a row, and on a plain row of its kind.
import { callFormats } from '../dialogue/call.ts'
import type { HoneRow } from '../dialogue/row.ts'
import type { Scorer } from '../reward/scorer.ts'
import { EXAMPLE, type Judged } from './rule.ts'

const THOUGHT = 'The question names what is needed.'
const NO_CALL = ['No tool fits.', '<response>No tool fits.</response>']

/** Perfect replies in every format that a reward may read, with thinking and without; in words too where no call is right. */
export function perfectReplies({ answer }: Pick<HoneRow, 'answer'>): string[] {
  const texts = answer.length > 0 ? [''] : ['', ...NO_CALL]
  const replies = [THOUGHT, null].flatMap((think) =>
    Object.values(callFormats).flatMap(({ write }) => texts.map((text) => write({ think, text, calls: answer }))),
  )
  return [...new Set(replies)]
}

/** A judge of rows by this reward. */
export async function judgeOf(scorer: Scorer) {
  const plain = [EXAMPLE, { ...EXAMPLE, answer: [] }]
  const [withCalls, withoutCalls] = await Promise.all(plain.map((row) => bestOf(scorer, row)))
  return {
    name: scorer.name,
    async judge(rows: readonly HoneRow[]): Promise<Judged[]> {
      const judged = await Promise.all(rows.map((row) => bestOf(scorer, row)))
      return judged.map(({ score, why }, i) => ({
        score,
        why,
        best: (rows[i]!.answer.length > 0 ? withCalls : withoutCalls)!.score,
      }))
    },
  }
}

async function bestOf(scorer: Scorer, row: HoneRow): Promise<{ score: number; why: string | undefined }> {
  const asked = { truth: row.answer, row: { tools: row.tools.map((tool) => ({ ...tool })) } }
  const verdicts = await scorer.score(perfectReplies(row).map((completion) => ({ completion, ...asked })))
  const best = verdicts.toSorted((a, b) => b.score - a.score)[0]
  return { score: best?.score ?? 0, why: best?.fault ?? best?.reasons[0] }
}
