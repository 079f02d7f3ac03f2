// The prompt form of the model's own chat template: it renders the tools, and it decides how calls are spelt.
import { blockEach, writeTurn } from '../call/write.ts'
import type { ChatMessage } from '../chat.ts'
import type { PromptForm } from './form.ts'
import { taughtTurn, type Message, type Tool, type ToolCall } from '../row.ts'

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
    target: (row) => {
      const turn = taughtTurn(row)
      return { message: toChat(turn), otherwise: plainTurn(turn) }
    },
  }
}

/** For templates that do not spell calls: one object per pair of tags, as Hermes and Qwen write them. */
function plainTurn({ content, tool_calls = [] }: Message): string {
  return writeTurn({ think: null, text: content, calls: tool_calls }, blockEach)
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
