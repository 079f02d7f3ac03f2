// ShareGPT with function calls, as LLaMA-Factory reads it: conversations of from/value, tools as JSON text or a list.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { CALL_ROLES, callTurn, toRole, toText } from '../roles.ts'
import { arrayAt, jsonIn, kindOf, Rejection, type Dialogue, type Source, type Turn } from '../source.ts'

export const sharegpt: Source = {
  what: 'ShareGPT with function calls (LLaMA-Factory: human, gpt, function_call, observation)',
  recognises: (record) =>
    Array.isArray(record['conversations']) &&
    record['conversations'].some((turn) => isObject(turn) && typeof turn['from'] === 'string'),
  convert: convertSharegpt,
}

/** @throws Rejection */
export function convertSharegpt(record: JsonObject): Dialogue {
  const system = record['system']
  const turns = arrayAt(record, 'conversations').map(readTurn)
  return {
    tools:
      record['tools'] === undefined || record['tools'] === null || record['tools'] === ''
        ? []
        : arrayAt(record, 'tools', 'bad-tools'),
    turns: typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }, ...turns] : turns,
    meta: {},
  }
}

function readTurn(turn: Json): Turn {
  if (!isObject(turn)) throw new Rejection('wrong-shape', `a turn is ${kindOf(turn)}, expected an object`)
  const from = turn['from'] ?? turn['role']
  const content = toText(turn['value'] ?? turn['content'])
  const role = toRole(from)
  if (!CALL_ROLES.has(String(from).toLowerCase())) return { role, content }
  // Some converters put a thought before the JSON of the call.
  const [, think, json] = /^(?:\s*<think>([\s\S]*?)<\/think>)?([\s\S]*)$/.exec(content) ?? []
  const calls = jsonIn(json ?? '')
  if (calls === undefined) return { role, content, fault: `is a call that is not JSON: ${content.slice(0, 100)}` }
  return callTurn(toCalls(calls), think?.trim() ?? '')
}
