// The table of prompt forms: how a hone row becomes the text that a model continues, and the text of a right answer.
import type { PromptForm, Asked, Answered } from './prompt/form.ts'
import { existsSync, readFileSync } from 'node:fs'
import type { Tokenizer } from './chat.ts'
import { lookup } from '../error.ts'
import { fileForm } from './prompt/file.ts'
import { native } from './prompt/native.ts'
import { acebenchForm, bfclForm } from './prompt/python-calls.ts'
import { toolN1 } from './prompt/tool-n1.ts'

/** Prompt forms by name. */
export const promptForms = {
  'tool-n1': toolN1({ what: "Tool-N1's form for reinforcement learning: think, then a list of calls", think: true }),
  'tool-n1-eval': toolN1({
    what: "Tool-N1's form for evaluation: an empty list where no tool fits, earlier answers in their tags",
    think: true,
    evaluation: true,
  }),
  'sft-reason': toolN1({ what: "Tool-N1's form for fine-tuning on distilled reasoning", think: true }),
  'sft-no-reason': toolN1({ what: "Tool-N1's form for fine-tuning on calls alone", think: false }),
  native,
  bfcl: bfclForm,
  acebench: acebenchForm,
} satisfies Record<string, PromptForm>

/**
 * The form of that name, or of a file: `.jinja` is a chat template in place of the model's, any other text is the system
 * message, with the tools where it says {tools}. Throws HoneError for an unknown name.
 */
export function promptForm(name: string): PromptForm {
  if (!Object.hasOwn(promptForms, name) && existsSync(name)) return fileForm(name, readFileSync(name, 'utf8'))
  return lookup<PromptForm>(promptForms, 'prompt form or file', name)
}

/** Token ids of the row's prompt. */
export function promptIds(form: PromptForm, row: Asked, tokenizer: Tokenizer): number[] {
  return tokenizer.encode(form.prompt(row, tokenizer))
}

/**
 * Token ids of the target of fine-tuning: `meta.completion` word for word where the row has one, else the form's right
 * answer; then the token that ends the turn, unless the text ends with it.
 */
export function completionIds(form: PromptForm, row: Answered, tokenizer: Tokenizer): number[] {
  const given = row.meta['completion']
  const ids = tokenizer.encode(typeof given === 'string' ? given : form.completion(row, tokenizer))
  const [end] = tokenizer.eosIds
  return end === undefined || tokenizer.eosIds.includes(ids.at(-1) ?? -1) ? ids : [...ids, end]
}
