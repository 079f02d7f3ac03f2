// Before any work: the right answer, as the prompt form writes it, must be read back and earn the full reward.
import { findFormat, type FormatName } from '../dialogue/call.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Answered, PromptForm } from '../dialogue/prompt/form.ts'
import { turnText } from '../dialogue/prompt.ts'
import { HoneError, inRow } from '../error.ts'
import { exactMatch } from '../eval/match.ts'
import { perfectReplies } from '../lint/judge.ts'
import { complain } from '../out.ts'
import { resolveReward } from '../reward/resolve.ts'
import type { Mode } from '../reward/reward.ts'
import { isOwnReward } from '../reward/scorer.ts'
import { dumpJson } from '../text/json.ts'

/** A row whose right answer is known, and its name for people: `file:line`, or its id. */
export interface Known {
  row: Answered
  at: string
}

export interface Flight {
  form: PromptForm
  tokenizer?: Tokenizer | undefined
  /** What reads the replies. */
  parser: string
  /** The user named the parser: then it is told what it misses, and obeyed. */
  obeyed?: boolean
  /** What judges them, where something does. One of the user's own has a scale that is not known here. */
  reward?: { spec: string; mode: Mode } | undefined
}

/** So many of the first rows are looked at. */
export const FIRST = 16

/** Says on stderr what `warningOf` finds. @throws HoneError as it does. */
export function preflight(rows: readonly Known[], flight: Flight): void {
  const warning = warningOf(rows, flight)
  if (warning !== undefined) complain(`warning: ${warning}`)
}

/**
 * Of the first rows that call tools: whose right answer is not read back, or earns less than a reply in the reward's own
 * format would. @throws HoneError where it is so for all of them: nothing could be right.
 */
export function warningOf(rows: readonly Known[], flight: Flight): string | undefined {
  const calling = rows.slice(0, FIRST).filter(({ row }) => row.answer.length > 0)
  const faults = calling.flatMap(({ row, at }) => {
    const fault = inRow(at, () => faultOf(row, flight))
    return fault === undefined ? [] : [{ at, fault }]
  })
  const [first, ...others] = faults
  if (!first) return undefined
  if (faults.length === calling.length && !flight.obeyed)
    throw new HoneError(`No right answer of these rows would count: ${first.fault}`, {
      at: first.at,
      hint: hintOf(flight),
    })
  const more = others.length > 0 ? `, and so are ${others.length} more of the first ${calling.length} rows` : ''
  return `${first.at}: the right answer would not count: ${first.fault}${more}`
}

/** What is wrong with the right answer of the row as the form writes it. */
function faultOf(row: Answered, { form, tokenizer, parser, reward }: Flight): string | undefined {
  const text = turnText(form, row, tokenizer)
  const { calls, fault } = findFormat(parser).parse(text)
  if (fault !== null) return `the parser ${parser} says "${fault}" of ${inQuotes(text)}`
  if (!exactMatch(calls, row.answer)) return `the parser ${parser} reads ${dumpJson(calls)} in ${inQuotes(text)}`
  if (reward === undefined || isOwnReward(reward.spec)) return undefined
  const { score, format } = resolveReward(reward.spec, { mode: reward.mode })
  if (format === undefined) return undefined
  const tools = row.tools.map((tool) => ({ ...tool }))
  const scoreOf = (completion: string) => score({ completion, truth: row.answer, row: { tools } }).score
  const best = Math.max(...perfectReplies(row).map(scoreOf))
  const own = scoreOf(text)
  return own >= best ? undefined : `the reward ${reward.spec} gives it ${own}, not ${best}: ${inQuotes(text)}`
}

function hintOf({ form, reward }: Flight): string {
  const format: FormatName | undefined = form.format
  const written = format === undefined ? 'calls as the chat template does' : `calls in the format ${format}`
  return reward === undefined
    ? `the prompt form writes ${written}: give the parser that reads them, or another prompt form`
    : `the prompt form writes ${written}: give a prompt form and a reward of one format, such as --prompt tool-n1 with --reward tool-n1`
}

const LONGEST = 200

function inQuotes(text: string): string {
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
}
