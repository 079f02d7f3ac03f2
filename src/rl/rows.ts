// Rows of files as token ids: prompts to roll out or to evaluate on, and examples to imitate.
import { basename } from 'node:path'
import type { Tokenizer } from '../chat.ts'
import { HoneError } from '../error.ts'
import { isObject, type Json } from '../json.ts'
import { readRecords } from '../jsonl.ts'
import { completionIds, type PromptForm, promptIds } from '../prompt.ts'
import { type HoneRow, toRow } from '../row.ts'
import type { Prompt, PromptSet } from './record.ts'
import type { Example } from './sft.ts'

export interface RowContext {
  tokenizer: Tokenizer
  form: PromptForm
  /** Most tokens of a prompt, or of an example as a whole. */
  limit: number
}

/** What was read, and how many rows were too long. */
export interface Taken<Item> {
  items: Item[]
  tooLong: number
}

/** Prompts of all rows of `files`. @throws HoneError where none is short enough, and for a row that is no hone row. */
export async function readPrompts(files: readonly string[], context: RowContext): Promise<Taken<Prompt>> {
  const items: Prompt[] = []
  let index = 0
  for (const file of files)
    for await (const { line, value } of readRecords(file)) {
      const row = toRow(value, `${file}:${line}`)
      const ids = promptIds(context.form, row, context.tokenizer)
      if (ids.length <= context.limit) items.push({ index, ids, row, json: isObject(value) ? value : {} })
      index++
    }
  return requireSome({ items, tooLong: index - items.length }, files, context.limit)
}

/** A set of prompts per file, named after it. Of each file the first `most` rows. */
export async function readPromptSets(
  files: readonly string[],
  context: RowContext,
  most: number | null,
): Promise<PromptSet[]> {
  const sets: PromptSet[] = []
  for (const file of files) {
    const { items } = await readPrompts([file], context)
    sets.push({ name: basename(file).replace(/\.jsonl(\.gz|\.zst)?$/, ''), prompts: items.slice(0, most ?? undefined) })
  }
  return sets
}

/**
 * Examples of all rows of `files`: hone rows, or {prompt, completion} as text, taken as it is.
 * @throws HoneError where none is short enough, and for a row that is neither.
 */
export async function readExamples(files: readonly string[], context: RowContext): Promise<Taken<Example>> {
  const items: Example[] = []
  let read = 0
  for (const file of files)
    for await (const { line, value } of readRecords(file)) {
      const example = isPlain(value)
        ? plainExample(value, context.tokenizer)
        : rowExample(toRow(value, `${file}:${line}`), context)
      if (example.prompt.length === 0)
        throw new HoneError('Cannot use the row: its prompt is empty', { at: `${file}:${line}` })
      if (example.prompt.length + example.completion.length <= context.limit) items.push(example)
      read++
    }
  return requireSome({ items, tooLong: read - items.length }, files, context.limit)
}

function rowExample(row: HoneRow, { form, tokenizer }: RowContext): Example {
  return { prompt: promptIds(form, row, tokenizer), completion: completionIds(form, row, tokenizer) }
}

interface PlainRow {
  prompt: string
  completion: string
}

function isPlain(value: Json): value is Json & PlainRow {
  return isObject(value) && typeof value['prompt'] === 'string' && typeof value['completion'] === 'string'
}

/** The end token is added where the text does not bring it. */
function plainExample({ prompt, completion }: PlainRow, tokenizer: Tokenizer): Example {
  const ids = tokenizer.encode(completion)
  const [end] = tokenizer.eosIds
  const ended = end === undefined || tokenizer.eosIds.includes(ids.at(-1) ?? -1)
  return { prompt: tokenizer.encode(prompt), completion: ended ? ids : [...ids, end] }
}

function requireSome<Item>(taken: Taken<Item>, files: readonly string[], limit: number): Taken<Item> {
  if (taken.items.length > 0) return taken
  throw new HoneError(`Cannot use the rows: each of the ${taken.tooLong} is longer than ${limit} tokens`, {
    at: files.join(', '),
    hint: 'Raise the limit where the model allows it, or shorten the prompts.',
  })
}
