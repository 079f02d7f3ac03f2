// Rows of files as token ids: prompts to roll out or to evaluate on, and examples to imitate.
import { basename } from 'node:path'
import type { Tokenizer } from '../../dialogue/chat.ts'
import { HoneError, inRow } from '../../error.ts'
import { isObject, type Json } from '../../text/json.ts'
import { readRowValues } from '../../data/rows.ts'
import { complain } from '../../out.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import { completionIds, ended, promptIds } from '../../dialogue/prompt.ts'
import { type HoneRow, offeredIn, toRow } from '../../dialogue/row.ts'
import { FIRST, type Known } from '../preflight.ts'
import type { Stage } from '../../rl/play.ts'
import type { Prompt, PromptSet, Span, Written } from '../../rl/record.ts'
import { type Example, tokensOf } from '../../rl/sft.ts'

export interface RowContext {
  tokenizer: Tokenizer
  form: PromptForm
  /** Tools of an environment are offered beside those of a row. */
  stage?: Pick<Stage, 'tools'> | undefined
  /** Most tokens of a prompt, or of an example as a whole. */
  limit: number
  /** What gives them more. */
  room?: string
}

/** What was read, and how many rows were too long. */
export interface Taken<Item> {
  items: Item[]
  tooLong: number
  /** The first rows whose right answer is known, for the preflight. */
  first: Known[]
}

/** Prompts of all rows of `files`. @throws HoneError where none is short enough, and for a row that is no hone row. */
export async function readPrompts(files: readonly string[], context: RowContext): Promise<Taken<Prompt>> {
  const items: Prompt[] = []
  const first: Known[] = []
  let index = 0
  for (const file of files)
    for await (const { line, value } of readRowValues(file)) {
      const row = toRow(value, `${file}:${line}`)
      if (first.length < FIRST) first.push({ row, at: `${file}:${line}` })
      const json = isObject(value) ? value : {}
      const ids = inRow(`${file}:${line}`, () => {
        const tools = offeredIn(context.stage?.tools(json) ?? [], row.tools)
        return promptIds(context.form, { ...row, tools }, context.tokenizer)
      })
      if (ids.length <= context.limit) items.push({ index, ids, row, json })
      index++
    }
  return requireSome({ items, tooLong: index - items.length, first }, files, context)
}

/** The name of a file of held-out rows. */
export const setName = (file: string): string => basename(file).replace(/\.(jsonl(\.gz|\.zst)?|parquet)$/, '')

/** A set of prompts per file, named after it. Of each file the first `most` rows that are short enough. */
export async function readPromptSets(
  files: readonly string[],
  context: RowContext,
  most: number | null,
): Promise<Taken<PromptSet>> {
  const items: PromptSet[] = []
  const first: Known[] = []
  let left = 0
  for (const file of files) {
    const { items: prompts, tooLong, first: some } = await readPrompts([file], context)
    first.push(...some)
    items.push({
      name: setName(file),
      prompts: prompts.slice(0, most ?? undefined),
    })
    left += tooLong
  }
  return { items, tooLong: left, first }
}

/**
 * Examples of all rows of `files`: hone rows, or {prompt, completion} as text, taken as it is; of a completion that is a list of texts every
 * other one is given to the model, such as the result of a tool.
 * @throws HoneError where none is short enough, and for a row that is neither.
 */
export async function readExamples(files: readonly string[], context: RowContext): Promise<Taken<Example>> {
  const items: Example[] = []
  const first: Known[] = []
  const taught = (row: HoneRow, at: string): Example => {
    if (first.length < FIRST) first.push({ row, at })
    return inRow(at, () => rowExample(row, context))
  }
  let read = 0
  for (const file of files)
    for await (const { line, value } of readRowValues(file)) {
      const at = `${file}:${line}`
      const example = isPlain(value) ? plainExample(value, at, context.tokenizer) : taught(toRow(value, at), at)
      if (example.prompt.length === 0) throw new HoneError('Cannot use the row: its prompt is empty', { at })
      if (tokensOf(example) <= context.limit) items.push(example)
      read++
    }
  return requireSome({ items, tooLong: read - items.length, first }, files, context)
}

/** Say how many rows were left out, where any were. */
export function tellTooLong(count: number, limit: number, what: string): void {
  if (count > 0) complain(`warning: ${count} ${what} are longer than ${limit} tokens and left out`)
}

function rowExample(row: HoneRow, { form, tokenizer }: RowContext): Example {
  const ids = completionIds(form, row, tokenizer)
  return { id: row.id, prompt: promptIds(form, row, tokenizer), completion: writtenIn([ids]) }
}

interface PlainRow {
  prompt: string
  completion: string | string[]
}

function isPlain(value: Json): value is Json & PlainRow {
  if (!isObject(value) || typeof value['prompt'] !== 'string') return false
  const { completion } = value
  return typeof completion === 'string' || (Array.isArray(completion) && completion.every(isText))
}

const isText = (value: Json): value is string => typeof value === 'string'

/** The end token is added where the last text of the model does not bring it. */
function plainExample({ prompt, completion }: PlainRow, at: string, tokenizer: Tokenizer): Example {
  const texts = typeof completion === 'string' ? [completion] : completion
  if (texts.length % 2 === 0)
    throw new HoneError('Cannot use the row: its completion does not end with words of the model', {
      at,
      hint: 'of the texts of a completion the first, the third … are learnt, those between are given',
    })
  const ids = texts.map((text) => tokenizer.encode(text))
  return {
    id: at,
    prompt: tokenizer.encode(prompt),
    completion: writtenIn([...ids.slice(0, -1), ended(ids.at(-1)!, tokenizer)]),
  }
}

/** Ids one after the other, every other one given. */
function writtenIn(pieces: readonly (readonly number[])[]): Written {
  const trained: Span[] = []
  let from = 0
  for (const [i, { length }] of pieces.entries()) {
    if (i % 2 === 0) trained.push({ from, to: from + length })
    from += length
  }
  return { ids: pieces.flat(), trained }
}

export function requireSome<Item>(
  taken: Taken<Item>,
  files: readonly string[],
  { limit, room = 'lower --max-completion-length' }: Pick<RowContext, 'limit' | 'room'>,
): Taken<Item> {
  if (taken.items.length > 0) return taken
  throw new HoneError(`Cannot use the rows: each of the ${taken.tooLong} is longer than ${limit} tokens`, {
    at: files.join(', '),
    hint: `${room}, or shorten the rows`,
  })
}
