// OpenAI chat rows: messages with tool_calls or the older function_call, tools or functions.
import { isObject, type Json } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { toRole, toText } from '../roles.ts'
import { arrayAt, kindOf, Rejection, type Source, type Turn } from '../source.ts'

export const openai: Source = {
  what: 'OpenAI chat messages with tools and tool_calls (fine-tuning JSONL, TRL conversational)',
  recognises: (record) =>
    (hasRoles(record['messages']) && !Array.isArray(record['answer'])) ||
    (hasRoles(record['prompt']) && hasRoles(record['completion'])),
  convert(record) {
    const tools = ['tools', 'functions'].find((key) => record[key] !== undefined && record[key] !== null)
    // TRL keeps the turns to learn apart from the prompt.
    const apart = record['messages'] === undefined
    const turns = (apart ? ['prompt', 'completion'] : ['messages']).flatMap((key) =>
      arrayAt(record, key).map(readMessage),
    )
    return {
      tools: tools === undefined ? [] : arrayAt(record, tools, 'bad-tools'),
      turns,
      ...(apart ? { lastOnly: true } : {}),
      meta: {},
    }
  },
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
  const calls = toCalls(message['tool_calls'] ?? message['function_call'] ?? valuesOf('tool_call'))
  return {
    role,
    content: toText(Array.isArray(message['content']) ? others : message['content']),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(typeof thought === 'string' && thought !== '' ? { reasoning_content: thought } : {}),
  }
}
