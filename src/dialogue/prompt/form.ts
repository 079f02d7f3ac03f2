// What a prompt form is: how a row is asked, how the dialogue goes on, and what a right answer looks like.
import type { FormatName } from '../call.ts'
import type { ChatMessage, TemplateOptions } from '../chat.ts'
import type { HoneRow, Message } from '../row.ts'

export interface PromptForm {
  /** One line for people. */
  what: string
  /** The call format that it asks for; undefined where the model's chat template decides. */
  format: FormatName | undefined
  /** What the chat template is given, up to the point where the model goes on. */
  messages(row: Asked): ChatMessage[]
  /** The dialogue with one turn more, in the form's own words: the model's, a tool's result, what a user says next. */
  append(messages: readonly ChatMessage[], turn: Message): ChatMessage[]
  /** What else the template is told of a row; nothing unless it renders the tools itself. */
  template?(row: Asked): Pick<TemplateOptions, 'tools' | 'chatTemplate'>
  /** What a right answer looks like, without the token that ends the turn. */
  target(row: Answered): Target
}

/** Text, or a message that the chat template spells, with the text for templates that do not. */
export type Target = string | { message: ChatMessage; otherwise: string }

/** The part of a row that a prompt is made of. */
export type Asked = Pick<HoneRow, 'messages' | 'tools'>

export type Answered = Asked & Pick<HoneRow, 'answer' | 'meta'>

/** The messages of a form that puts the tools into one system message, before the turns of the dialogue. */
export function withSystem(
  system: (row: Asked) => string,
  turn: (message: Message) => string,
): Pick<PromptForm, 'messages' | 'append'> {
  const append: PromptForm['append'] = (messages, message) => [
    ...messages,
    { role: message.role, content: message.tool_calls ? turn(message) : message.content },
  ]
  return {
    append,
    messages: (row) =>
      row.messages.filter(({ role }) => role !== 'system').reduce(append, [{ role: 'system', content: system(row) }]),
  }
}
