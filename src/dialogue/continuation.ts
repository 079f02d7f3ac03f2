// What stands between a turn of the model and its next one: messages that it is given, in the words of form and template.
import { HoneError } from '../error.ts'
import type { Tokenizer } from './chat.ts'
import type { Asked, PromptForm } from './prompt/form.ts'
import type { Message, ToolCall } from './row.ts'

/** Stands where the model's own words are: those are tokens already, and are never rendered or tokenised again. */
const OWN_WORDS = 'what was said'

export interface Between {
  form: PromptForm
  tokenizer: Tokenizer
  /** The row as it was asked. */
  asked: Asked
  /** Names of the calls of the model's turn, for templates that take results only after calls. */
  called: readonly string[]
  given: readonly Message[]
}

/**
 * The text after the words of the model's turn: what ends the turn, the given messages, and the opening of its next one.
 * @throws HoneError where the template refuses the messages, or does not show the turn before them.
 */
export function continuation({ form, tokenizer, asked, called, given }: Between): string {
  const render = (turn: Message): string => {
    const messages = given.reduce((all, each) => form.append(all, each), form.append(form.messages(asked), turn))
    return tokenizer.template(messages, { addGenerationPrompt: true, ...form.template?.(asked) })
  }
  let text: string
  try {
    text = render({ role: 'assistant', content: OWN_WORDS })
  } catch (error) {
    if (called.length === 0 || !(error instanceof HoneError)) throw error
    text = render({ role: 'assistant', content: '', tool_calls: called.map(standIn) })
  }
  const at = text.indexOf(OWN_WORDS)
  if (at < 0)
    throw new HoneError('Cannot go on after a turn of the model: the chat template does not show it', {
      hint: 'use another --prompt, or a template of your own: --prompt FILE.jinja',
    })
  const rest = text.slice(at + OWN_WORDS.length)
  const ends = endTexts(tokenizer)
    .map((end) => rest.indexOf(end))
    .filter((place) => place >= 0)
  return ends.length > 0 ? rest.slice(Math.min(...ends)) : rest
}

/** Stands where a thought of the model is. */
const THOUGHT = 'what was thought'

/**
 * Whether the template takes the thought from the model's turn once this is said to it: what is read then is another text than what was
 * written, and no continuation of it.
 */
export function forgetsThought({ form, tokenizer, asked, given }: Omit<Between, 'called'>): boolean {
  const turn: Message = { role: 'assistant', content: `<think>\n${THOUGHT}\n</think>\n\n${OWN_WORDS}` }
  const messages = [turn, ...given].reduce((all, each) => form.append(all, each), form.messages(asked))
  try {
    const text = tokenizer.template(messages, { addGenerationPrompt: true, ...form.template?.(asked) })
    return text.includes(OWN_WORDS) && !text.includes(THOUGHT)
  } catch (error) {
    if (error instanceof HoneError) return false
    throw error
  }
}

const standIn = (name: string): ToolCall => ({ name, arguments: { text: OWN_WORDS } })

const endTexts = ({ eosIds, decode }: Tokenizer): string[] => eosIds.map((id) => decode([id]))

/** Ids of `continuation`, without the token that ends the turn where the model wrote one itself. */
export function continuationIds(between: Between, ended: boolean): number[] {
  const text = continuation(between)
  const written = ended ? endTexts(between.tokenizer).find((end) => text.startsWith(end)) : undefined
  return between.tokenizer.encode(text.slice(written?.length ?? 0))
}
