// The prompt form of the model's own chat template: it renders the tools, and it decides how calls are spelt.
import type { ChatMessage, Tokenizer } from '../chat.ts'
import { HoneError } from '../../error.ts'
import { dumpJson, Float, isObject, keysOf, type Json } from '../../text/json.ts'
import type { Answered, Asked, PromptForm } from './form.ts'
import type { Message, Tool, ToolCall } from '../row.ts'

export const native = templateForm("the model's own chat template")

/** The form of a chat template: the model's own, or `source` in its place. */
export function templateForm(what: string, source?: string): PromptForm {
  const chatTemplate = source === undefined ? {} : { chatTemplate: source }
  const prompt = ({ messages, tools }: Asked, tokenizer: Tokenizer): string => {
    const text = tokenizer.template(messages.map(toChat), {
      addGenerationPrompt: true,
      ...(tools.length > 0 && { tools: tools.map(toFunction) }),
      ...chatTemplate,
    })
    // Many templates pass over tools without a word; a model asked for calls it has never seen can only guess.
    const unseen = tools.find(({ name }) => !text.includes(name))
    if (unseen)
      throw new HoneError(`Cannot render the row: the chat template does not show the tool '${unseen.name}'`, {
        hint: "Use --prompt tool-n1, or a file with the prompt's text.",
      })
    return text
  }
  return {
    what,
    prompt,
    completion(row, tokenizer) {
      const asked = prompt(row, tokenizer)
      const options = { ...(row.tools.length > 0 && { tools: row.tools.map(toFunction) }), ...chatTemplate }
      const answered = (message: ChatMessage) => {
        const whole = tokenizer.template([...row.messages.map(toChat), message], options)
        return whole.startsWith(asked) ? beforeEnd(whole.slice(asked.length), tokenizer) : undefined
      }
      const spelt =
        row.answer.length > 0 ? answered(toChat({ role: 'assistant', content: '', tool_calls: row.answer })) : undefined
      return row.answer.every(({ name }) => spelt?.includes(name)) && spelt ? spelt : plainReply(row)
    },
  }
}

/** For templates that do not spell calls: one object per pair of tags, as Hermes and Qwen write them. */
function plainReply({ answer, meta }: Answered): string {
  if (answer.length > 0)
    return answer.map((call) => `<tool_call>\n${dumpJson(call, { ensureAscii: false })}\n</tool_call>`).join('\n')
  return typeof meta['reply'] === 'string' ? meta['reply'] : 'None of the functions on offer can be used for this.'
}

/** A template closes the assistant's turn with an end token and often a line break; training adds the token by itself. */
function beforeEnd(text: string, tokenizer: Tokenizer): string {
  const ends = tokenizer.eosIds.map((id) => text.lastIndexOf(tokenizer.decode([id]))).filter((at) => at >= 0)
  return ends.length > 0 ? text.slice(0, Math.max(...ends)) : text
}

function toChat(message: Message): ChatMessage {
  const { tool_calls, ...rest } = message
  return tool_calls ? { ...rest, tool_calls: tool_calls.map(toFunctionCall) } : rest
}

function toFunctionCall({ name, arguments: values }: ToolCall) {
  return { type: 'function', function: { name, arguments: toPlain(values) } }
}

function toFunction({ name, description, parameters }: Tool) {
  return { type: 'function', function: { name, description, parameters: toPlain(parameters) } }
}

/** Templates know JavaScript's values only: 5.0 becomes 5, and an integer beyond 2^53 its nearest number. */
function toPlain(value: Json): unknown {
  if (value instanceof Float) return value.value
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(toPlain)
  if (isObject(value)) return Object.fromEntries(keysOf(value).map((key) => [key, toPlain(value[key]!)]))
  return value
}
