// OpenAI chat rows: messages with tool_calls or the older function_call, tools or functions.
import type { Asked } from '../../dialogue/prompt/form.ts'
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { toRole, toText, untaughtOf } from '../roles.ts'
import { repairTools } from '../schema.ts'
import { arrayAt, inField, kindOf, Rejection, type Source, type Turn } from '../source.ts'

export const openai: Source = {
  what: 'OpenAI chat messages with tools and tool_calls (fine-tuning JSONL, TRL conversational)',
  recognises: (record) =>
    (hasRoles(record['messages']) && !Array.isArray(record['answer'])) ||
    (hasRoles(record['prompt']) && hasRoles(record['completion'])),
  convert(record) {
    // TRL keeps the turns to learn apart from the prompt.
    const apart = record['messages'] === undefined
    const fields = apart ? ['prompt', 'completion'] : ['messages']
    return {
      tools: toolsOf(record),
      turns: fields.flatMap((field) => turnsOf(record, field)),
      untaught: untaughtOf(fields.flatMap((field) => arrayAt(record, field))),
      ...(apart ? { lastOnly: true } : {}),
      meta: {},
    }
  },
}

/** What a row of messages asks, whatever stands in the last of them. @throws Rejection naming the field */
export function askedOf(record: JsonObject): Asked {
  const field = record['messages'] === undefined ? 'prompt' : 'messages'
  return { messages: turnsOf(record, field), tools: repairTools(toolsOf(record)).tools }
}

function toolsOf(record: JsonObject): Json[] {
  const field = ['tools', 'functions'].find((key) => record[key] !== undefined && record[key] !== null)
  return field === undefined ? [] : arrayAt(record, field, 'bad-tools')
}

function turnsOf(record: JsonObject, field: string): Turn[] {
  return arrayAt(record, field).map((message, i) => inField(`${field}.${i}`, () => readMessage(message)))
}

const hasRoles = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.some((message) => isObject(message) && typeof message['role'] === 'string')

function readMessage(message: Json): Turn {
  if (!isObject(message)) throw new Rejection('wrong-shape', `a message is ${kindOf(message)}, expected an object`)
  const role = toRole(message['role'])
  if (role !== 'assistant') {
    const name = message['name']
    return {
      role,
      content: toText(message['content']),
      ...(role === 'tool' && typeof name === 'string' ? { name } : {}),
    }
  }
  const parts = Array.isArray(message['content']) ? message['content'] : []
  const valuesOf = (type: string) =>
    parts.flatMap((part) => (isObject(part) && part['type'] === type ? [part['value'] ?? null] : []))
  const others = parts.filter(
    (part) => !isObject(part) || (part['type'] !== 'tool_call' && part['type'] !== 'reasoning'),
  )
  const thought =
    message['reasoning_content'] ??
    valuesOf('reasoning')
      .filter((text) => typeof text === 'string')
      .join('\n')
  const field = ['tool_calls', 'function_call'].find((key) => message[key] !== undefined && message[key] !== null)
  const calls = inField(field ?? 'content', () => toCalls(field === undefined ? valuesOf('tool_call') : message[field]))
  return {
    role,
    content: toText(Array.isArray(message['content']) ? others : message['content']),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(typeof thought === 'string' && thought !== '' ? { reasoning_content: thought } : {}),
  }
}
