// Messages in every spelling of roles and fields, read into turns.
import { Float, isObject, type Json, type JsonObject } from '../text/json.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { kindOf, Rejection, type Turn } from './source.ts'

/** Spelling, lower-cased → role. `function_call` and `tool_call` are assistant turns that hold calls. */
const ROLES: Record<string, Turn['role']> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  inquirer: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  agent: 'assistant',
  ai: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  chatbot: 'assistant',
  function_call: 'assistant',
  tool_call: 'assistant',
  tool: 'tool',
  observation: 'tool',
  function: 'tool',
  ipython: 'tool',
  api: 'tool',
}

/** Role spellings whose text is a call. */
export const CALL_ROLES = new Set(['function_call', 'tool_call'])

/** Where a data set keeps the role and the text of a message. */
export interface Fields {
  role: readonly string[]
  content: readonly string[]
}

/** Turns of plain messages. @throws Rejection */
export function readTurns(messages: readonly Json[], fields: Fields): Turn[] {
  return messages.map((message) => {
    if (!isObject(message)) throw new Rejection('wrong-shape', `a message is ${kindOf(message)}, expected an object`)
    const role = toRole(fields.role.map((key) => message[key]).find((value) => value !== undefined))
    const content = fields.content.map((key) => message[key]).find((value) => value !== undefined)
    return { role, content: toText(content) }
  })
}

/** The role of a spelling, undefined where it is unknown. */
export function roleOf(spelling: string): Turn['role'] | undefined {
  const key = spelling.trim().toLowerCase()
  return Object.hasOwn(ROLES, key) ? ROLES[key] : undefined
}

/** @throws Rejection where the spelling is unknown. */
export function toRole(value: Json | undefined): Turn['role'] {
  const role = typeof value === 'string' ? roleOf(value) : undefined
  if (role === undefined)
    throw new Rejection(
      'wrong-shape',
      `the role of a message is ${typeof value === 'string' ? `"${value}"` : kindOf(value)}`,
    )
  return role
}

/** Content as text: a string, null, or a list of parts {type: "text", text | value}. @throws Rejection for pictures and the like. */
export function toText(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return ''
  if (!Array.isArray(content))
    throw new Rejection('wrong-shape', `the content of a message is ${kindOf(content)}, expected text`)
  return content
    .map((part) => {
      const text = typeof part === 'string' ? part : isTextPart(part) ? (part['text'] ?? part['value']) : undefined
      if (typeof text !== 'string') throw new Rejection('wrong-shape', 'a part of a message is no text')
      return text
    })
    .join('')
}

function isTextPart(part: Json): part is JsonObject {
  return isObject(part) && (part['type'] === undefined || String(part['type']).endsWith('text'))
}

/** The places of messages with weight 0, which OpenAI's fine-tuning and axolotl show and do not teach. */
export function untaughtOf(messages: readonly Json[]): Set<number> {
  return new Set(messages.keys().filter((i) => isUntaught(messages[i]!)))
}

function isUntaught(message: Json): boolean {
  if (!isObject(message)) return false
  const { weight } = message
  return weight === 0 || (weight instanceof Float && weight.value === 0)
}

/** An assistant turn that calls tools. */
export function callTurn(tool_calls: ToolCall[], content = ''): Turn {
  return { role: 'assistant', content, tool_calls }
}
