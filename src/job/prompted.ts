// A row that asks by messages, by text or by token ids, as the ids of its prompt.
import * as v from 'valibot'
import { readAsked } from '../data/asked.ts'
import { asksByMessages } from '../data/sources/openai.ts'
import { promptIds } from '../dialogue/prompt.ts'
import { Tool } from '../dialogue/row.ts'
import { HoneError, inRow } from '../error.ts'
import { isObject, type Json } from '../text/json.ts'
import type { Language } from './open.ts'

const Ids = v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), v.minLength(1))

/** A prompt, and the tools of a row that names some. */
export interface Prompted {
  prompt: number[]
  tools: readonly Tool[] | undefined
}

/** @throws HoneError at `at` for a row that asks nothing, and for ids that the model does not have. */
export function promptOf(row: Json, at: string, language: Pick<Language, 'tokenizer' | 'form' | 'config'>): Prompted {
  const asked = read(row, at, language)
  const { vocabulary } = language.config
  const strange = asked.prompt.find((id) => id >= vocabulary)
  if (strange !== undefined)
    throw new HoneError(`Cannot complete the row: id ${strange} is not among the model's ${vocabulary}`, { at })
  return asked
}

function read(row: Json, at: string, { tokenizer, form }: Pick<Language, 'tokenizer' | 'form'>): Prompted {
  const given = isObject(row) ? row : {}
  const tools = v.safeParse(v.array(Tool), given['tools'])
  const named = tools.success ? tools.output : undefined
  const ids = v.safeParse(Ids, given['input_ids'])
  if (ids.success) return { prompt: ids.output, tools: named }
  if (asksByMessages(given))
    return inRow(at, () => {
      const asked = readAsked(given)
      return { prompt: promptIds(form, asked, tokenizer), tools: asked.tools }
    })
  if (typeof given['prompt'] === 'string' && given['prompt'] !== '')
    return { prompt: tokenizer.encode(given['prompt']), tools: named }
  throw new HoneError('Cannot complete the row: it holds no "messages", "prompt" or "input_ids" that can be read', {
    at,
    hint: 'expected {"messages": […], "tools": […]}, {"prompt": "…"} or {"input_ids": […]}',
  })
}
