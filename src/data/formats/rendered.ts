// The messages of a prompt form, for formats whose trainer applies the chat template itself.
import type { ChatMessage, Tokenizer } from '../../dialogue/chat.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneRow } from '../../dialogue/row.ts'

/** What the form hands to the chat template, and the right answer in its words. */
export interface Rendered {
  messages: ChatMessage[]
  completion: string
}

export function renderedBy(form: PromptForm, row: HoneRow): Rendered {
  let messages: ChatMessage[] = []
  // A form ends by giving messages to the model's template; here the template keeps them.
  const keeper: Tokenizer = {
    encode: () => [],
    decode: () => '',
    vocabularySize: 0,
    idOf: () => undefined,
    eosIds: [],
    template(given, options) {
      messages = [...given]
      return JSON.stringify([given, options?.tools ?? []])
    },
  }
  form.prompt(row, keeper)
  const asked = messages
  const given = row.meta['completion']
  return { messages: asked, completion: typeof given === 'string' ? given : form.completion(row, keeper) }
}
