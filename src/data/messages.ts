// Messages as OpenAI, ShareGPT, Anthropic and the sets between them spell them, read into turns.
import { dumpJson, isObject, type Json, type JsonObject } from '../text/json.ts'
import type { ToolCall } from '../dialogue/row.ts'
import { toCalls } from './calls.ts'
import { inCallOrder } from './call-order.ts'
import { isNothing } from './nulls.ts'
import { isCallRole, resultText, toRole, toText, untaughtOf } from './roles.ts'
import { arrayAt, inField, jsonIn, kindOf, Rejection, type Turn } from './source.ts'

/** Keys under which data sets keep a whole dialogue. */
const DIALOGUES = ['messages', 'conversations', 'conversation', 'dialogue', 'dialog']

/** The key under which a row keeps messages that name their role so. */
export function dialogueField(record: JsonObject, role: 'role' | 'from'): string | undefined {
  return DIALOGUES.find((key) => holdMessages(record[key], role))
}

/** Whether a value is a list of messages, or the text of one, that name their role so. */
export function holdMessages(value: Json | undefined, role: 'role' | 'from'): boolean {
  const list = typeof value === 'string' ? jsonIn(value) : value
  return Array.isArray(list) && list.some((message) => isObject(message) && typeof message[role] === 'string')
}

/** The turns of a row's dialogue, its own system text before them, and which of them are not to be learnt. @throws Rejection naming the field */
export function readDialogue(record: JsonObject, fields: readonly string[]): { turns: Turn[]; untaught: Set<number> } {
  const { system } = record
  const before: Json[] = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : []
  const given = fields.flatMap((field) =>
    arrayAt(record, field).map((message, i) => ({ message, at: `${field}.${i}` })),
  )
  const messages = inCallOrder([
    ...before.map((message) => ({ message, at: 'system' })),
    ...merged(given.flatMap(({ message, at }) => unpacked(message).map((message) => ({ message, at })))),
  ])
  return {
    turns: messages.map(({ message, at }) => inField(at, () => readMessage(message))),
    untaught: untaughtOf(messages.map(({ message }) => message)),
  }
}

/** The tools on offer, by any of their names. @throws Rejection */
export function offeredTools(record: JsonObject): Json[] {
  const field = ['tools', 'functions'].find((key) => !isNothing(record[key]))
  return field === undefined ? [] : arrayAt(record, field, 'bad-tools')
}

interface Placed {
  message: Json
  at: string
}

/** A message as one or several of OpenAI's: items of its Responses have no role, Anthropic's results stand in a user's turn. */
function unpacked(message: Json): Json[] {
  if (!isObject(message)) return [message]
  const { type, content } = message
  if (type === 'function_call') return [{ role: 'assistant', content: null, tool_calls: [message] }]
  if (type === 'function_call_output')
    return [{ role: 'tool', tool_call_id: message['call_id'] ?? null, content: message['output'] ?? null }]
  if (!Array.isArray(content) || !content.some(isResult)) return [message]
  const rest = content.filter((part) => !isResult(part))
  const results = content.filter(isResult).map((part): Json => ({ ...part, role: 'tool' }))
  return rest.length > 0 ? [...results, { ...message, content: rest }] : results
}

const isResult = (part: Json): part is JsonObject => isObject(part) && part['type'] === 'tool_result'

/** Items of Responses that call side by side are one turn. */
function merged(messages: readonly Placed[]): Placed[] {
  const isItem = ({ message }: Placed) =>
    isObject(message) && Array.isArray(message['tool_calls']) && message['tool_calls'].every(isResponsesCall)
  const result: Placed[] = []
  for (const each of messages) {
    const last = result.at(-1)
    if (!last || !isItem(last) || !isItem(each) || !isObject(last.message) || !isObject(each.message)) result.push(each)
    else {
      const calls = [last, each].flatMap(({ message }) => (isObject(message) ? (message['tool_calls'] as Json[]) : []))
      result[result.length - 1] = { ...last, message: { ...last.message, tool_calls: calls } }
    }
  }
  return result
}

const isResponsesCall = (call: Json): boolean => isObject(call) && call['type'] === 'function_call'

/** Parts of a message that are a call or a thought; the others are its text. */
const CALL_PARTS = ['tool_call', 'tool_use']
const THOUGHTS = ['reasoning_content', 'reasoning', 'thinking', 'thought']
const THOUGHT_PARTS = ['reasoning', 'thinking']

function readMessage(message: Json): Turn {
  if (!isObject(message)) throw new Rejection('wrong-shape', `a message is ${kindOf(message)}, expected an object`)
  const from = message['role'] ?? message['from']
  const role = toRole(from)
  const content = message['content'] ?? message['value'] ?? message['text']
  if (role === 'tool') {
    const { name } = message
    return { role, content: resultText(content), ...(typeof name === 'string' ? { name } : {}) }
  }
  if (role !== 'assistant') return { role, content: toText(content) }
  const parts = Array.isArray(content) ? content.filter(isObject) : []
  const isOf = (types: readonly string[]) => (part: Json) => isObject(part) && types.includes(String(part['type']))
  const text = isCallRole(from)
    ? callText(content)
    : toText(
        Array.isArray(content) ? content.filter((part) => !isOf([...CALL_PARTS, ...THOUGHT_PARTS])(part)) : content,
      )
  // LLaMA-Factory has a thought in the text, before what is said or the JSON of the call.
  const apart = message['role'] === undefined || isCallRole(from) ? THOUGHT.exec(text) : null
  const [, think = '', said = ''] = apart ?? [text, '', text]
  const thoughts = [
    THOUGHTS.map((name) => message[name]).find((each) => !isNothing(each)),
    ...parts.filter(isOf(THOUGHT_PARTS)).map((part) => part['value'] ?? part['thinking'] ?? part['text']),
    think.trim(),
  ]
  const thought = thoughts.filter((each) => typeof each === 'string' && each !== '').join('\n')
  const spoken = { role, content: said, ...(thought === '' ? {} : { reasoning_content: thought }) }
  const calls = callsOf(message, parts.filter(isOf(CALL_PARTS)))
  if (calls.length > 0 || !isCallRole(from)) return { ...spoken, ...(calls.length > 0 ? { tool_calls: calls } : {}) }
  try {
    return { ...spoken, content: '', tool_calls: toCalls(said) }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    return { role, content: text, fault: `is a call that cannot be read: ${error.message}: ${text.slice(0, 100)}` }
  }
}

const THOUGHT = /^\s*<think>([\s\S]*?)<\/think>\s*([\s\S]*)$/

/** The text of a turn that is a call by its role; some sets have the call itself there. */
const callText = (content: Json | undefined): string =>
  typeof content === 'object' && content !== null ? dumpJson(content, { ensureAscii: false }) : toText(content)

/** Calls under the first key that holds any, else those among the parts of the content. @throws Rejection */
function callsOf(message: JsonObject, parts: readonly JsonObject[]): ToolCall[] {
  for (const field of ['tool_calls', 'function_call', 'tool_call', 'function_calls']) {
    const calls = isNothing(message[field]) ? [] : inField(field, () => toCalls(message[field]))
    if (calls.length > 0) return calls
  }
  return inField('content', () => parts.flatMap((part) => toCalls(part['value'] ?? part)))
}
