// OpenAI chat rows: messages with tool_calls or the older function_call, tools or functions.
import { isObject, type Json } from '../../json.ts'
import { toCalls } from '../calls.ts'
import { toRole, toText } from '../roles.ts'
import { arrayAt, kindOf, Rejection, type Source, type Turn } from '../source.ts'

export const openai: Source = {
  what: 'OpenAI chat messages with tools and tool_calls (fine-tuning JSONL, TRL conversational)',
  recognises: (record) =>
    Array.isArray(record['messages']) &&
    record['messages'].some((message) => isObject(message) && typeof message['role'] === 'string') &&
    !Array.isArray(record['answer']),
  convert(record) {
    const tools = ['tools', 'functions'].find((key) => record[key] !== undefined && record[key] !== null)
    const turns = arrayAt(record, 'messages').map(readMessage)
    // TRL keeps the turns to learn apart from the prompt.
    const completion = Array.isArray(record['completion']) ? record['completion'].map(readMessage) : []
    return {
      tools: tools === undefined ? [] : arrayAt(record, tools, 'bad-tools'),
      turns: [...turns, ...completion],
      meta: {},
    }
  },
}

function readMessage(message: Json): Turn {
  if (!isObject(message)) throw new Rejection('wrong-shape', `a message is ${kindOf(message)}, expected an object`)
  const role = toRole(message['role'])
  const content = toText(message['content'])
  if (role === 'tool') {
    const name = message['name']
    return { role, content, ...(typeof name === 'string' ? { name } : {}) }
  }
  const calls = message['tool_calls'] ?? message['function_call']
  const empty = calls === undefined || calls === null || (Array.isArray(calls) && calls.length === 0)
  return role === 'assistant' && !empty ? { role, content, tool_calls: toCalls(calls) } : { role, content }
}
