// What a prompt form is: how a row is asked, and what a right answer to it looks like.
import type { Tokenizer } from '../chat.ts'
import type { HoneRow } from '../row.ts'

export interface PromptForm {
  /** One line for people. */
  what: string
  /** Text up to the point where the model goes on. */
  prompt(row: Asked, tokenizer: Tokenizer): string
  /** What a right answer looks like, without the token that ends the turn. */
  completion(row: Answered, tokenizer: Tokenizer): string
}

/** The part of a row that a prompt is made of. */
export type Asked = Pick<HoneRow, 'messages' | 'tools'>

export type Answered = Asked & Pick<HoneRow, 'answer' | 'meta'>
