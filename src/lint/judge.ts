// What a reward says of right answers: the best score that a perfect reply earns on a row, and on a plain row of its kind.
import type { HoneRow } from '../dialogue/row.ts'
import { dumpJson } from '../text/json.ts'
import type { Scorer } from '../reward/scorer.ts'
import { EXAMPLE, type Judged } from './rule.ts'

/** Perfect replies in the layouts that rewards read: a list in one block, a call a line, a call a block, calls alone. */
export function perfectReplies({ answer }: Pick<HoneRow, 'answer'>): string[] {
  const think = '<think>The question names what is needed.</think>\n'
  const list = dumpJson(answer, { ensureAscii: false })
  const lines = answer.map(({ name, arguments: parameters }) => dumpJson({ name, parameters }, { ensureAscii: false }))
  const blocks = answer.map((call) => `<tool_call>\n${dumpJson(call, { ensureAscii: false })}\n</tool_call>`)
  const none =
    answer.length === 0 ? [`${think}<response>No tool fits.</response>`, 'No tool fits.', `${think}No tool fits.`] : []
  return [
    `${think}<tool_call>\n${list}\n</tool_call>`,
    `${think}<tool_call>\n${lines.join('\n')}\n</tool_call>`,
    `${think}${blocks.join('\n')}`,
    blocks.join('\n'),
    list,
    ...none,
  ]
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
  const verdicts = await scorer.score(perfectReplies(row).map((completion) => ({ completion, truth: row.answer })))
  const best = verdicts.toSorted((a, b) => b.score - a.score)[0]
  return { score: best?.score ?? 0, why: best?.fault ?? best?.reasons[0] }
}
