// Rows that prefer one text to another, in the spellings of hone, TRL and OpenAI.
import * as v from 'valibot'
import { Message, Tool, ToolCall } from '../dialogue/row.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import { toCalls } from './calls.ts'
import { holdMessages, offeredTools, readDialogue } from './messages.ts'
import { repairTools } from './tools.ts'
import { callTurn } from './roles.ts'
import { kindOf, Rejection, type Turn } from './source.ts'

const side = v.union([v.string(), Message, v.array(Message), v.array(ToolCall)])

/** The form in which hone writes pairs; `readPair` reads other programs' too. */
export const PairForm = v.looseObject({
  id: v.string(),
  messages: v.array(Message),
  tools: v.array(Tool),
  chosen: side,
  rejected: side,
})

/** What is preferred and what to: texts taken word for word, or turns of which the first and the last are the model's. */
export type Side = string | Turn[]

export interface PairRow {
  /** A prompt taken word for word, or what is asked. */
  prompt: string | Asked
  chosen: Side
  rejected: Side
}

/** The keys of both texts: of hone and TRL, and of OpenAI. */
const SIDES = [
  ['chosen', 'rejected'],
  ['preferred_output', 'non_preferred_output'],
] as const

/** Whether a row is a preference. */
export const isPair = (record: JsonObject): boolean => SIDES.some(([chosen]) => record[chosen] !== undefined)

/** @throws Rejection naming the field */
export function readPair(record: JsonObject): PairRow {
  const [first, second] = SIDES.find(([chosen]) => record[chosen] !== undefined) ?? SIDES[0]
  const outer = isObject(record['input']) ? { ...record, ...record['input'] } : record
  const field = ['messages', 'prompt'].find((key) => outer[key] !== undefined && outer[key] !== null)
  const whole = { prompt: outer[field ?? ''], chosen: record[first], rejected: record[second] }
  // UltraFeedback's rows name their question and repeat it in both dialogues.
  const apart = field !== undefined && !(beginsBefore(whole.chosen) && beginsBefore(whole.rejected))
  const { prompt, chosen, rejected } = apart ? whole : split(whole)
  if (chosen === undefined || rejected === undefined)
    throw new Rejection('wrong-shape', `"${chosen === undefined ? first : second}" is absent`)
  const sides = { chosen: readSide(chosen, first), rejected: readSide(rejected, second) }
  if (Bun.deepEquals(sides.chosen, sides.rejected))
    throw new Rejection('wrong-shape', `"${first}" and "${second}" are the same`)
  const tools = repairTools(offeredTools(outer)).tools
  if (typeof prompt === 'string') {
    const plain = typeof sides.chosen === 'string' && typeof sides.rejected === 'string' && tools.length === 0
    return { ...sides, prompt: plain ? prompt : { messages: [{ role: 'user', content: prompt }], tools } }
  }
  const { turns } = readDialogue({ ...outer, [field ?? 'prompt']: prompt ?? null }, [field ?? 'prompt'])
  if (turns.length === 0) throw new Rejection('no-question', 'nothing comes before the texts')
  return { ...sides, prompt: { messages: turns, tools } }
}

/** Whether a dialogue begins before the model's turn. */
const beginsBefore = (side: Json | undefined): boolean =>
  Array.isArray(side) && isObject(side[0]) && ['system', 'user'].includes(String(side[0]['role']))

/** Where no prompt stands apart, it is what both sides begin with, as TRL finds it. */
function split({ chosen, rejected }: { chosen?: Json | undefined; rejected?: Json | undefined }): {
  prompt?: Json
  chosen?: Json | undefined
  rejected?: Json | undefined
} {
  const isText = typeof chosen === 'string' && typeof rejected === 'string'
  const areLists = Array.isArray(chosen) && Array.isArray(rejected)
  if (!isText && !(areLists && holdMessages(chosen, 'role') && holdMessages(rejected, 'role')))
    throw new Rejection('no-question', 'the row has no "messages", "prompt" or "input"')
  const [a, b]: [Json[], Json[]] = isText ? [[...chosen], [...rejected]] : areLists ? [chosen, rejected] : [[], []]
  const other = a.findIndex((each, i) => !Bun.deepEquals(each, b[i]))
  let shared = other < 0 ? a.length : other
  // A space before the first word that differs is the word's.
  if (isText && a[shared - 1] === ' ') shared--
  const cut = (side: Json[], from: number, to?: number): Json =>
    isText ? side.slice(from, to).join('') : side.slice(from, to)
  return { prompt: cut(a, 0, shared), chosen: cut(a, shared), rejected: cut(b, shared) }
}

/** Text, a message, a list of messages, or calls. @throws Rejection naming the field */
function readSide(value: Json, field: string): Side {
  if (typeof value === 'string') return value
  const list = Array.isArray(value) ? value : [value]
  if (!list.every(isObject))
    throw new Rejection(
      'wrong-shape',
      `"${field}" holds ${kindOf(list.find((each) => !isObject(each)))}, expected messages or calls`,
    )
  const spoken = list.some((each) => each['role'] !== undefined || each['from'] !== undefined)
  const turns = spoken ? readDialogue({ [field]: list }, [field]).turns : [callTurn(toCalls(list))]
  const stranger = [turns[0], turns.at(-1)].find((turn) => turn?.role !== 'assistant')
  if (stranger)
    throw new Rejection('wrong-shape', `"${field}" begins or ends with a turn of ${stranger.role}, expected assistant`)
  const fault = turns.find((turn) => turn.fault !== undefined)?.fault
  if (fault !== undefined) throw new Rejection('bad-call', `"${field}" ${fault}`)
  return turns
}
