// The rows of hone probe: contrastive pairs, and questions whose answer is yes or no.
import { HoneError, unknownName } from '../../error.ts'
import { idOf } from '../../dialogue/row.ts'
import { isObject, type Json } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'
import type { Language } from '../open.ts'
import { promptOf } from '../prompted.ts'

/** A prompt and the answer whose hidden states are looked at, as ids. */
export interface Text {
  prompt: readonly number[]
  answer: readonly number[]
}

/** Two prompts that differ in what is looked for, before the same answer. */
export interface Pair {
  at: string
  positive: Text
  negative: Text
}

export interface Item {
  at: string
  id: string
  prompt: readonly number[]
  /** Whether yes is right, where the row says so. */
  label: boolean | undefined
}

/** Rows {positive, negative, answer?}: each a text, a list of messages, or a row of messages, prompt or input_ids. @throws HoneError at `file:line` */
export async function readPairs(file: string, language: Language): Promise<Pair[]> {
  const pairs: Pair[] = []
  for await (const { line, value } of readRecords(file)) {
    const at = `${file}:${line}`
    const row = isObject(value) ? value : {}
    const side = (name: string): Text => {
      const said = row[name]
      if (said === undefined)
        throw new HoneError(`Cannot read the pair: it has no "${name}"`, {
          at,
          hint: 'expected {"positive": …, "negative": …, "answer"?: "…"}, the first two a text, messages or a row that asks',
        })
      const { prompt } = promptOf(
        typeof said === 'string' ? { prompt: said } : Array.isArray(said) ? { messages: said } : said,
        at,
        language,
      )
      const { answer = '' } = row
      if (typeof answer !== 'string') throw new HoneError('Cannot read the pair: its "answer" is no text', { at })
      return { prompt, answer: language.tokenizer.encode(answer) }
    }
    pairs.push({ at, positive: side('positive'), negative: side('negative') })
  }
  return pairs
}

const LABELS: Record<string, boolean> = { true: true, false: false, yes: true, no: false }

/** Rows that ask, with the right answer as `label` where they know it: yes, no, true or false. @throws HoneError at `file:line` */
export async function readItems(file: string, language: Language): Promise<Item[]> {
  const items: Item[] = []
  for await (const { line, value } of readRecords(file)) {
    const at = `${file}:${line}`
    const row = isObject(value) ? value : {}
    items.push({
      at,
      id: idOf(row, line),
      prompt: promptOf(value, at, language).prompt,
      label: labelOf(row['label'], at),
    })
  }
  return items
}

function labelOf(label: Json | undefined, at: string): boolean | undefined {
  if (label === undefined || label === null) return undefined
  const known = Object.keys(LABELS)
  if (typeof label === 'string' || typeof label === 'boolean') {
    const name = String(label).toLowerCase()
    if (known.includes(name)) return LABELS[name]!
  }
  throw unknownName('label', String(label), known, { at })
}
