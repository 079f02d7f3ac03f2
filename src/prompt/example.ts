// Rows of fine-tuning as token ids: hone rows with their right answer, or plain text with its continuation.
import * as v from 'valibot'
import type { Tokenizer } from '../chat.ts'
import { readRecords } from '../jsonl.ts'
import { completionIds, type PromptForm, promptIds } from '../prompt.ts'
import { toRow } from '../row.ts'

/** A prompt and the completion to imitate, in token ids, with the line it came from as `file:line`. */
export interface Example {
  prompt: number[]
  completion: number[]
  at: string
}

/** {prompt, completion}: text that is taken word for word; nothing is added at either end. */
const TextRow = v.looseObject({ prompt: v.string(), completion: v.string(), messages: v.optional(v.undefined()) })

/** Examples of a JSONL file in order. Throws HoneError at `file:line` for a line that is neither kind of row. */
export async function* readExamples(path: string, form: PromptForm, tokenizer: Tokenizer): AsyncGenerator<Example> {
  for await (const { line, value } of readRecords(path)) {
    const at = `${path}:${line}`
    const text = v.safeParse(TextRow, value)
    if (text.success) {
      const { prompt, completion } = text.output
      yield { prompt: tokenizer.encode(prompt), completion: tokenizer.encode(completion), at }
    } else {
      const row = toRow(value, at)
      yield { prompt: promptIds(form, row, tokenizer), completion: completionIds(form, row, tokenizer), at }
    }
  }
}
