// ShareGPT with function calls, as LLaMA-Factory reads it: conversations of from/value, tools as JSON text or a list.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { toCalls } from '../calls.ts'
import { CALL_ROLES, callTurn, toRole, toText, untaughtOf } from '../roles.ts'
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
  const given = arrayAt(record, 'conversations')
  // A system text of its own comes before the turns.
  const before: Turn[] = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : []
  return {
    tools:
      record['tools'] === undefined || record['tools'] === null || record['tools'] === ''
        ? []
        : arrayAt(record, 'tools', 'bad-tools'),
    turns: [...before, ...given.map(readTurn)],
    untaught: untaughtOf([...before.map(() => null), ...given]),
    meta: {},
  }
}

function readTurn(turn: Json): Turn {
  if (!isObject(turn)) throw new Rejection('wrong-shape', `a turn is ${kindOf(turn)}, expected an object`)
  const from = turn['from'] ?? turn['role']
  const content = toText(turn['value'] ?? turn['content'])
  const role = toRole(from)
  // LLaMA-Factory has a thought in the text, before what is said or the JSON of the call.
  const [, think = '', said = ''] = (role === 'assistant' &&
    /^\s*<think>([\s\S]*?)<\/think>\s*([\s\S]*)$/.exec(content)) || [content, '', content]
  const thought = think.trim() === '' ? {} : { reasoning_content: think.trim() }
  if (!CALL_ROLES.has(String(from).toLowerCase())) return { role, content: said, ...thought }
  const calls = jsonIn(said)
  if (calls === undefined) return { role, content, fault: `is a call that is not JSON: ${content.slice(0, 100)}` }
  return { ...callTurn(toCalls(calls)), ...thought }
}
