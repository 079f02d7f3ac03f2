// Whether a JSON object is a hone row, asked of every line.
import { isObject, type Json, type JsonObject } from '../text/json.ts'

/** Whether an object is a row: all that other rules look at is there and of the right type. Written for speed: every line passes here. */
export function isRow(record: JsonObject): boolean {
  const { id, source, messages, tools, answer, meta } = record
  if (typeof id !== 'string' || typeof source !== 'string' || (meta !== undefined && !isObject(meta))) return false
  if (!Array.isArray(messages) || !Array.isArray(tools) || !areCalls(answer)) return false
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (!isObject(message) || typeof message['content'] !== 'string') return false
    const role = message['role']
    if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'tool') return false
    if (message['tool_calls'] !== undefined && !areCalls(message['tool_calls'])) return false
  }
  for (let i = 0; i < tools.length; i++) {
    const tool = tools[i]
    if (
      !isObject(tool) ||
      typeof tool['name'] !== 'string' ||
      typeof tool['description'] !== 'string' ||
      !isObject(tool['parameters'])
    )
      return false
  }
  return true
}

function areCalls(list: Json | undefined): boolean {
  if (!Array.isArray(list)) return false
  for (let i = 0; i < list.length; i++) {
    const call = list[i]
    if (!isObject(call) || typeof call['name'] !== 'string' || !isObject(call['arguments'])) return false
  }
  return true
}
