// Results of tools in the order of the calls that they answer: templates and hone rows tell them apart by that alone.
import { isObject, type Json } from '../text/json.ts'
import { isCallRole, roleOf } from './roles.ts'
import { jsonIn } from './source.ts'

const ID_OF_CALL = ['id', 'call_id', 'tool_call_id']
const ID_OF_RESULT = ['tool_call_id', 'tool_use_id', 'call_id', 'id']

/**
 * The messages with the results that follow a turn of calls in the order of the calls. Where a result has no id, one that
 * no call has or one that another has too, those of its turn stay as they are.
 */
export function inCallOrder<Item extends { message: Json }>(messages: readonly Item[]): Item[] {
  const ordered: Item[] = []
  for (let i = 0; i < messages.length;) {
    const ids = callIds(messages[i]!.message)
    ordered.push(messages[i++]!)
    let end = i
    while (end < messages.length && isResult(messages[end]!.message)) end++
    const results = messages.slice(i, end)
    const placed = results.map((result) => ({ result, place: ids.indexOf(idOf(result.message, ID_OF_RESULT) ?? '') }))
    const places = new Set(placed.map(({ place }) => place))
    const told = !places.has(-1) && places.size === placed.length && new Set(ids).size === ids.length
    ordered.push(...(told ? placed.toSorted((a, b) => a.place - b.place).map(({ result }) => result) : results))
    i = end
  }
  return ordered
}

function isResult(message: Json): boolean {
  if (!isObject(message)) return false
  const role = message['role'] ?? message['from']
  return typeof role === 'string' && !isCallRole(role) && roleOf(role) === 'tool'
}

/** The ids of the calls of a message, those of its parts among them. */
function callIds(message: Json): string[] {
  if (!isObject(message)) return []
  const { tool_calls: given, content } = message
  const calls = typeof given === 'string' ? jsonIn(given) : given
  const parts = Array.isArray(content) ? content.filter((part) => isObject(part) && part['type'] === 'tool_use') : []
  const all = Array.isArray(calls) && calls.length > 0 ? calls : parts
  return all.map((call) => idOf(call, ID_OF_CALL) ?? '')
}

function idOf(value: Json, keys: readonly string[]): string | undefined {
  if (!isObject(value)) return undefined
  for (const key of keys) {
    const id = value[key]
    if ((typeof id === 'string' && id !== '') || typeof id === 'number') return String(id)
  }
  return undefined
}
