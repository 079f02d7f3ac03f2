// Preferences of files as token ids: the prompt, and both texts as the prompt form and the template spell them.
import { isPair, readPair, type PairRow, type Side } from '../../data/pair.ts'
import { Rejection, type Turn } from '../../data/source.ts'
import type { Asked } from '../../dialogue/prompt/form.ts'
import { completionIds, ended, promptIds, promptText, targetText } from '../../dialogue/prompt.ts'
import { HoneError, inRow } from '../../error.ts'
import type { Pair, Span, Written } from '../../rl/record.ts'
import { isObject, type Json, plainJson } from '../../text/json.ts'
import { readValues } from '../../data/rows.ts'
import { isRollout, preferences } from './preferred.ts'
import { readRollout, type RolloutRow } from './replay.ts'
import { requireSome, type RowContext, type Taken, tellTooLong } from './rows.ts'

/**
 * Pairs of all rows of `files`; the rollouts of a run are paired within their groups.
 * @throws HoneError where none is short enough, and for a row that is none.
 */
export async function readPairs(files: readonly string[], context: RowContext): Promise<Taken<Pair>> {
  const items: Pair[] = []
  let read = 0
  const take = (pair: Omit<Pair, 'index'>): void => {
    const { prompt, chosen, rejected } = pair
    if (prompt.length + Math.max(chosen.ids.length, rejected.ids.length) <= context.limit)
      items.push({ ...pair, index: items.length })
    read++
  }
  for (const file of files) {
    const rollouts: RolloutRow[] = []
    for await (const { line, value } of readValues(file)) {
      const at = `${file}:${line}`
      if (isRollout(value)) rollouts.push(readRollout(plainJson(value), at))
      else take(inRow(at, () => idsOf(value, `${line}`, context)))
    }
    for (const pair of preferences(rollouts)) take(pair)
  }
  return requireSome({ items, tooLong: read - items.length, first: [] }, files, context)
}

/** Held-out pairs, of which there may be none; those that are too long are told. */
export async function readHeldOutPairs(
  files: readonly string[],
  context: RowContext,
  most: number | null,
): Promise<Pair[]> {
  if (files.length === 0) return []
  const { items, tooLong } = await readPairs(files, context)
  tellTooLong(tooLong, context.limit, 'held-out pairs')
  return items.slice(0, most ?? undefined)
}

function idsOf(value: Json, line: string, context: RowContext): Omit<Pair, 'index'> {
  const { id, row } = rowOf(value, line)
  const { tokenizer, form } = context
  const prompt = typeof row.prompt === 'string' ? tokenizer.encode(row.prompt) : promptIds(form, row.prompt, tokenizer)
  if (prompt.length === 0) throw new HoneError('Cannot use the row: its prompt is empty')
  return { id, prompt, chosen: writtenOf(row, row.chosen, context), rejected: writtenOf(row, row.rejected, context) }
}

/** @throws HoneError for a row that is no preference */
function rowOf(value: Json, line: string): { id: string; row: PairRow } {
  if (!isObject(value) || !isPair(value))
    throw new HoneError('Cannot read a pair: the row has no "chosen" and "rejected"', {
      hint: 'expected {"messages": […], "tools": […], "chosen": …, "rejected": …}, each a text, a message, messages or calls',
    })
  try {
    return { id: typeof value['id'] === 'string' ? value['id'] : line, row: readPair(value) }
  } catch (error) {
    if (error instanceof Rejection) throw new HoneError(`Cannot read a pair: ${error.message}`)
    throw error
  }
}

function writtenOf({ prompt }: PairRow, side: Side, context: RowContext): Written {
  const { tokenizer, form } = context
  if (typeof prompt !== 'string' && typeof side !== 'string') return turnsOf(prompt, side, context)
  const ids =
    typeof prompt === 'string'
      ? ended(tokenizer.encode(String(side)), tokenizer)
      : completionIds(form, { ...prompt, answer: [], meta: { completion: String(side) } }, tokenizer)
  return { ids, trained: [{ from: 0, to: ids.length }] }
}

/** Turns after a prompt: the model's own end as it would end them, and what was said between is tokenised apart. */
function turnsOf({ messages, tools }: Asked, turns: readonly Turn[], { form, tokenizer }: RowContext): Written {
  const ids: number[] = []
  const trained: Span[] = []
  let told: string | undefined
  for (const [i, turn] of turns.entries()) {
    if (turn.role !== 'assistant') continue
    const row = { messages: [...messages, ...turns.slice(0, i)], tools, ...taught(turn) }
    const asked = promptText(form, row, tokenizer)
    if (told !== undefined) {
      if (!asked.startsWith(told))
        throw new HoneError(
          'Cannot use the pair: the chat template shows an earlier turn of it otherwise than it was written',
          {
            hint: 'give pairs of one turn each, or another --prompt',
          },
        )
      ids.push(...tokenizer.encode(asked.slice(told.length)))
    }
    const own = completionIds(form, row, tokenizer)
    trained.push({ from: ids.length, to: ids.length + own.length })
    ids.push(...own)
    const text = targetText(form, row, tokenizer)
    const end = tokenizer.decode(own.slice(-1))
    told = asked + (text.endsWith(end) ? text : text + end)
  }
  return { ids, trained }
}

/** A turn as what a row would teach. */
const taught = ({ content, tool_calls = [], reasoning_content: thought }: Turn) => ({
  answer: tool_calls,
  meta: { reply: content, ...(typeof thought === 'string' && { thought }) },
})
