// The prompt form of the model's own chat template: it renders the tools, and it decides how calls are spelt.
import { blockEach, writeTurn } from '../call/write.ts'
import type { ChatMessage } from '../chat.ts'
import type { Answered, PromptForm } from './form.ts'
import type { Message, Tool, ToolCall } from '../row.ts'

export const native = templateForm("the model's own chat template")

/** The form of a chat template: the model's own, or `source` in its place. */
export function templateForm(what: string, source?: string): PromptForm {
  return {
    what,
    format: undefined,
    messages: ({ messages }) => messages.map(toChat),
    append: (messages, turn) => [...messages, toChat(turn)],
    template: ({ tools }) => ({
      ...(tools.length > 0 && { tools: tools.map(toFunction) }),
      ...(source !== undefined && { chatTemplate: source }),
    }),
    target: (row) =>
      row.answer.length > 0 ? { message: callMessage(row), otherwise: plainReply(row) } : plainReply(row),
  }
}

/** The right calls and the thought before them, which templates of reasoning models show. */
function callMessage({ answer, meta }: Answered): ChatMessage {
  const thought = meta['thought']
  const message = toChat({ role: 'assistant', content: '', tool_calls: answer })
  return typeof thought === 'string' ? { ...message, reasoning_content: thought } : message
}

/** For templates that do not spell calls: one object per pair of tags, as Hermes and Qwen write them. */
function plainReply({ answer, meta }: Answered): string {
  const given = meta['reply']
  const text = typeof given === 'string' ? given : 'None of the functions on offer can be used for this.'
  return writeTurn({ think: null, text: answer.length > 0 ? '' : text, calls: answer }, blockEach)
}

function toChat(message: Message): ChatMessage {
  const { tool_calls, ...rest } = message
  return tool_calls ? { ...rest, tool_calls: tool_calls.map(toFunctionCall) } : rest
}

function toFunctionCall({ name, arguments: values }: ToolCall) {
  return { type: 'function', function: { name, arguments: values } }
}

function toFunction({ name, description, parameters }: Tool) {
  return { type: 'function', function: { name, description, parameters } }
}
