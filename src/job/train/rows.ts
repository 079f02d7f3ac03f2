// Rows of files as token ids: prompts to roll out or to evaluate on, and examples to imitate.
import { basename } from 'node:path'
import type { Tokenizer } from '../../dialogue/chat.ts'
import { HoneError } from '../../error.ts'
import { isObject, type Json } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'
import { complain } from '../../out.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import { completionIds, promptIds } from '../../dialogue/prompt.ts'
import { type HoneRow, toRow } from '../../dialogue/row.ts'
import type { Prompt, PromptSet } from '../../rl/record.ts'
import type { Example } from '../../rl/sft.ts'

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

/** A set of prompts per file, named after it. Of each file the first `most` rows that are short enough. */
export async function readPromptSets(
  files: readonly string[],
  context: RowContext,
  most: number | null,
): Promise<Taken<PromptSet>> {
  const items: PromptSet[] = []
  let left = 0
  for (const file of files) {
    const { items: prompts, tooLong } = await readPrompts([file], context)
    items.push({
      name: basename(file).replace(/\.jsonl(\.gz|\.zst)?$/, ''),
      prompts: prompts.slice(0, most ?? undefined),
    })
    left += tooLong
  }
  return { items, tooLong: left }
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

/** Say how many rows were left out, where any were. */
export function tellTooLong(count: number, limit: number, what: string): void {
  if (count > 0) complain(`warning: ${count} ${what} are longer than ${limit} tokens and left out`)
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
