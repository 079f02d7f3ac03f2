// Messages in every spelling of roles and fields, read into turns.
import { dumpJson, Float, isObject, type Json, type JsonObject } from '../text/json.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { kindOf, Rejection, type Turn } from './source.ts'

/** Spellings by role, in lower case and letters alone: Tool-Call, tool_call and toolCall are one. */
const SPELLINGS: [Turn['role'], RegExp][] = [
  ['system', /^(?:system|developer)(?:prompt|message)?$/],
  ['user', /^(?:user|human|inquirer|prompter)(?:message)?$/],
  ['assistant', /^(?:assistant|agent|ai|bot|chatbot|model|gpt|chatgpt|bing|bard|claude|gemini)(?:message)?$/],
  ['tool', /^(?:observations?|ipython|api|env|environment)$/],
  ['tool', /^(?:tool|function)s?(?:call(?:ing)?)?(?:response|result|output|return|message|answer)s?$/],
  ['tool', /^(?:tool|function)s?$/],
]
/** Those of an assistant's turn whose text is a call. */
const CALL = /^(?:tool|function)s?(?:call|use|request|invocation)(?:s|ing)?$/

const lettersOf = (spelling: string): string => spelling.toLowerCase().replace(/[^a-z]/g, '')

/** Whether the text of a message of that role is a call. */
export function isCallRole(value: Json | undefined): boolean {
  return typeof value === 'string' && CALL.test(lettersOf(value))
}

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
    return { role, content: role === 'tool' ? resultText(content) : toText(content) }
  })
}

/** The role of a spelling, undefined where it is unknown. */
export function roleOf(spelling: string): Turn['role'] | undefined {
  const letters = lettersOf(spelling)
  if (CALL.test(letters)) return 'assistant'
  return SPELLINGS.find(([, pattern]) => pattern.test(letters))?.[0]
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

/** A tool's result as text; what is neither text nor a list of parts stands as its JSON. @throws Rejection for pictures and the like. */
export function resultText(content: Json | undefined): string {
  const parts = Array.isArray(content) ? content.filter(isObject) : []
  if (content === null || content === undefined || typeof content === 'string') return toText(content)
  return parts.some((part) => typeof part['type'] === 'string' && PART_TYPES.test(part['type']))
    ? toText(content)
    : dumpJson(content, { ensureAscii: false })
}

/** Types of the parts of a message at OpenAI and Anthropic. */
const PART_TYPES = /^(?:(?:input_|output_)?(?:text|image|audio|file)|image_url|video|document)$/

function isTextPart(part: Json): part is JsonObject {
  return isObject(part) && (part['type'] === undefined || String(part['type']).endsWith('text'))
}

/** The places of messages that are shown and not taught. */
export function untaughtOf(messages: readonly Json[]): Set<number> {
  return new Set(messages.keys().filter((i) => isUntaught(messages[i]!)))
}

/** Weight 0 of OpenAI's fine-tuning, `train` of axolotl and `loss` of ms-swift. */
const TAUGHT = ['weight', 'train', 'loss']

function isUntaught(message: Json): boolean {
  if (!isObject(message)) return false
  return TAUGHT.some((key) => {
    const value = message[key]
    return value === 0 || value === false || (value instanceof Float && value.value === 0)
  })
}

/** An assistant turn that calls tools. */
export function callTurn(tool_calls: ToolCall[], content = ''): Turn {
  return { role: 'assistant', content, tool_calls }
}
