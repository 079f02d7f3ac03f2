// A model's turn as text, in the layouts that the parsers read: thinking, text beside the calls, the calls.
import type { Call, Turn } from './format.ts'
import { dumpJson, isObject, type Json } from '../../text/json.ts'
import { fromJson } from '../../text/python/json.ts'
import { repr } from '../../text/python/repr.ts'

/** How the calls of a turn are spelt; the text given for no calls stands where there is no other text either. */
export interface Spelling {
  calls(calls: readonly Call[]): string
  /** How "no tool" is said where the format has words for it. */
  none?: string
}

/** Thinking between its tags, then text, then the calls, each on lines of its own. */
export function writeTurn({ think, text, calls }: Turn, spelling: Spelling): string {
  const spelt = calls.length > 0 ? spelling.calls(calls) : text === '' ? (spelling.none ?? '') : ''
  const reply = [text, spelt].filter((part) => part !== '').join('\n')
  return think === null ? reply : `<think>${think}</think>\n${reply}`
}

const json = (value: Json): string => dumpJson(value, { ensureAscii: false })
const inBlock = (body: string): string => `<tool_call>\n${body}\n</tool_call>`
const withParameters = ({ name, arguments: parameters }: Call): string => json({ name, parameters })

/** The arguments as the text of a JSON object. */
export const argumentsText = (call: Call): string => json(call.arguments)
/** Text as it is, any other value as JSON. */
export const valueText = (value: Json): string => (typeof value === 'string' ? value : json(value))

export const callList = (calls: readonly Call[]): string => json([...calls])
export const listInBlock: Spelling = { calls: (calls) => inBlock(callList(calls)), none: inBlock('[]') }
export const blockEach: Spelling = { calls: (calls) => calls.map((call) => inBlock(json(call))).join('\n') }
export const linesInBlock: Spelling = { calls: (calls) => inBlock(calls.map(withParameters).join('\n')) }
export const objects: Spelling = { calls: (calls) => calls.map(withParameters).join('; ') }
export const list: Spelling = { calls: callList }
export const mistral: Spelling = { calls: (calls) => `[TOOL_CALLS]${callList(calls)}` }
export const python: Spelling = { calls: pythonCalls, none: '[]' }

/** Calls as Python source: [f(a=1), g(b='x')]. */
export function pythonCalls(calls: readonly Call[]): string {
  return `[${calls.map(pythonCall).join(', ')}]`
}

function pythonCall({ name, arguments: values }: Call): string {
  const spelt = Object.entries(isObject(values) ? values : {}).map(([key, value]) => `${key}=${repr(fromJson(value))}`)
  return `${name}(${spelt.join(', ')})`
}
