// Glaive function calling v2: system text with the functions, a chat as one text; calls hold JSON in single quotes.
import { parseJson, JsonError, isObject, type Json } from '../../text/json.ts'
import type { ToolCall } from '../../dialogue/row.ts'
import { toCalls } from '../calls.ts'
import { spanOf } from '../../text/json/scan.ts'
import { callTurn } from '../roles.ts'
import { Rejection, stringAt, type Source, type Turn } from '../source.ts'
import { convertSharegpt } from './sharegpt.ts'

export const glaive: Source = {
  what: 'Glaive function calling v2 (glaiveai/glaive-function-calling-v2, Apache-2.0), as it is or as ShareGPT',
  recognises: (record) => typeof record['chat'] === 'string' && typeof record['system'] === 'string',
  convert(record) {
    if (record['chat'] === undefined) return convertSharegpt(record)
    return { tools: readFunctions(stringAt(record, 'system')), turns: readChat(stringAt(record, 'chat')), meta: {} }
  },
}

/** Every JSON object of the system text, one after another. */
function readFunctions(system: string): Json[] {
  const tools: Json[] = []
  for (let at = system.indexOf('{'); at >= 0;) {
    const { end, closed } = spanOf(system, at)
    if (!closed) throw new Rejection('bad-tools', 'a function in the system text is cut short')
    try {
      tools.push(parseJson(system.slice(at, end)))
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      throw new Rejection('bad-tools', `a function in the system text is not JSON: ${error.message}`)
    }
    at = system.indexOf('{', end)
  }
  return tools
}

/** Turns begin with USER:, ASSISTANT: or FUNCTION RESPONSE:, and end at the end-of-text token or the next of these. */
function readChat(chat: string): Turn[] {
  const heads = [...chat.matchAll(/^[ \t]*(USER|ASSISTANT|FUNCTION RESPONSE):/gm)]
  if (heads.length === 0) throw new Rejection('wrong-shape', 'the chat holds no USER: or ASSISTANT:')
  return heads.map((head, i) => {
    const text = chat
      .slice(head.index + head[0].length, heads[i + 1]?.index)
      .replaceAll('<|endoftext|>', '')
      .trim()
    if (head[1] === 'USER') return { role: 'user', content: text }
    if (head[1] === 'FUNCTION RESPONSE') return { role: 'tool', content: text }
    return readAssistant(text)
  })
}

function readAssistant(text: string): Turn {
  const at = text.indexOf('<functioncall>')
  if (at < 0) return { role: 'assistant', content: text }
  const calls = readCall(text.slice(at + '<functioncall>'.length).trim())
  const said = text.slice(0, at).trim()
  return calls
    ? callTurn(calls, said)
    : { role: 'assistant', content: text, fault: `is a call that cannot be read: ${text.slice(at, at + 100)}` }
}

/** {"name": "f", "arguments": '{"a": "it's"}'}: the quotes around the arguments are not JSON's, and what they hold is not escaped. */
function readCall(text: string): ToolCall[] | undefined {
  const quoted = /^\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*'([\s\S]*)'\s*\}$/.exec(text)
  const spelt = quoted ? `{"name": ${quoted[1]}, "arguments": ${quoted[2]!.trim() || '{}'}}` : text
  try {
    const call = parseJson(spelt)
    return isObject(call) || Array.isArray(call) ? toCalls(call) : undefined
  } catch (error) {
    if (error instanceof JsonError || error instanceof Rejection) return undefined
    throw error
  }
}
