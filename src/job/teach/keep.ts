// What is kept of the replies to a row, as a table: rows to imitate, or a preference between two replies.
import { splitThink } from '../../dialogue/call/read.ts'
import { callTexts } from '../../dialogue/call/values.ts'
import { rowJson, type HoneRow } from '../../dialogue/row.ts'
import type { JsonObject } from '../../text/json.ts'

/** A reply and its score, without a fault. */
export interface Graded {
  sample: number
  completion: string
  score: number
  /** The hint that stands in it. */
  hint?: string
}

interface KeepRow {
  what: string
  /** No further reply is asked for once one is accepted. */
  ends?: boolean
  /** It needs no score that accepts a reply. */
  relative?: boolean
  /** `least` accepts a reply; `source` names who wrote them. */
  keep(row: HoneRow, replies: readonly Graded[], least: number, source: string): JsonObject[]
}

export const keeps = {
  first: {
    what: 'the first reply that is accepted',
    ends: true,
    keep: (row, replies, least, source) =>
      accepted(replies, least)
        .slice(0, 1)
        .map((reply) => taught(row, reply, source)),
  },
  all: {
    what: 'every accepted reply, the same words once',
    keep: (row, replies, least, source) =>
      [...new Map(accepted(replies, least).map((reply) => [reply.completion, reply])).values()].map((reply, i) => ({
        ...taught(row, reply, source),
        id: i === 0 ? row.id : `${row.id}#${i}`,
      })),
  },
  best: {
    what: 'the reply of highest score: best of n',
    relative: true,
    keep: (row, replies, least, source) =>
      ranked(accepted(replies, least))
        .slice(0, 1)
        .map((reply) => taught(row, reply, source)),
  },
  pairs: {
    what: 'the reply of highest score, preferred to the one of lowest, where they differ: rows for dpo and rm',
    relative: true,
    keep(row, replies, least, teacher) {
      const order = ranked(replies)
      const [best, worst] = [order[0], order.at(-1)]
      if (!best || !worst || best.score <= worst.score || best.score < least) return []
      const scores = { chosen_score: best.score, rejected_score: worst.score, teacher }
      const { messages, tools } = rowJson(row)
      const asked = { id: row.id, source: row.source, messages: messages!, tools: tools! }
      return [{ ...asked, chosen: best.completion, rejected: worst.completion, meta: scores }]
    },
  },
} satisfies Record<string, KeepRow>

export type KeepName = keyof typeof keeps

/** A row of the table, whatever it has. */
export const keeper = (name: KeepName): KeepRow => keeps[name]

const accepted = (replies: readonly Graded[], least: number): Graded[] => replies.filter(({ score }) => score >= least)

/** Best first; of equal ones the first. */
const ranked = (replies: readonly Graded[]): Graded[] =>
  replies.toSorted((a, b) => b.score - a.score || a.sample - b.sample)

/** The row that teaches the reply word for word. */
function taught(row: HoneRow, { completion, hint }: Graded, teacher: string): JsonObject {
  const { think } = splitThink(completion, (text) => callTexts(text))
  const meta = {
    ...row.meta,
    completion,
    ...(think === null ? {} : { thought: think }),
    ...(hint !== undefined && { hint }),
    teacher,
  }
  return { ...rowJson(row), meta }
}
