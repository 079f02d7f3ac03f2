// ToolACE's calls and tools exactly as Tool-N1's published scripts read them, corruption included (NVlabs/Tool-N1 f9b4849, tool_utils.py).
import type { CallFormat } from './format.ts'
import { python, writeTurn } from './write.ts'
import { parseJson, type Json, type JsonObject } from '../../text/json.ts'
import { literalEval } from '../../text/python.ts'
import { strip } from '../../text/python/text.ts'
import { toJson } from '../../text/python/json.ts'
import { PythonError } from '../../text/python/value.ts'

/**
 * The calls that the script finds in `text`: names lose what stands before a slash, a value ends at the first closing
 * parenthesis, `true` and `null` become text, an argument without "=" is left out.
 * @throws PythonError TypeError for a value that json.dumps refuses (a set, bytes, a complex number).
 */
export function parseToolaceCompat(text: string): { name: string; arguments: JsonObject }[] {
  return namesAndBodies(text).map(([name, body]) => ({ name: strip(name), arguments: readArguments(body) }))
}

/** Whether the script takes a turn for calls: brackets around it, at least one call, and the whole of it in the expected form. */
export function isToolaceCompatCall(text: string): boolean {
  return text.startsWith('[') && text.endsWith(']') && parseToolaceCompat(text).length > 0 && hasToolaceForm(text)
}

/** Whether the text, stripped, is a list of `name(…)` and nothing else, as the script's check of the form sees it. */
export function hasToolaceForm(text: string): boolean {
  let states = new Set<State>(['start'])
  for (const character of strip(text)) {
    const next = new Set<State>()
    for (const state of states) for (const follower of followers(state, character)) next.add(follower)
    if (next.size === 0) return false
    states = next
  }
  return states.has('end')
}

/** The tools in a system text, or undefined where the sentences around them are absent. @throws JsonError */
export function toolsOfSystem(system: string): Json | undefined {
  const start = system.indexOf(TOOLS_HEAD)
  const end = start < 0 ? -1 : system.indexOf(TOOLS_TAIL, start + TOOLS_HEAD.length)
  return end < 0 ? undefined : parseJson(strip(system.slice(start + TOOLS_HEAD.length, end)).slice(0, -2) + ']')
}

// Python's \s also covers \x1c-\x1f and \x85 and not the byte order mark; JavaScript's `.` also stops at \r, \u2028 and \u2029.
const S = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const SPACE = new RegExp(`[${S}]`)
const IN_NAME = new RegExp(`[a-zA-Z0-9._?|\\-${S}]`)
const IN_FORM = new RegExp(`[a-zA-Z0-9._?|\\-/${S}]`)
const TOOLS_HEAD = 'that you can invoke:\n'
const TOOLS_TAIL = '\nShould you decide to return the function call(s).'

/** All matches of the script's `([name]+)\((.*?)\)`, in linear time. */
function namesAndBodies(text: string): [name: string, body: string][] {
  const found: [string, string][] = []
  let [from, close, line] = [0, -1, -1]
  const next = (sign: string, at: number): number => {
    const hit = text.indexOf(sign, at)
    return hit < 0 ? text.length : hit
  }
  for (let open = text.indexOf('('); open >= 0; open = text.indexOf('(', Math.max(open + 1, from))) {
    let start = open
    while (start > from && IN_NAME.test(text[start - 1]!)) start--
    if (close <= open) close = next(')', open + 1)
    if (line <= open) line = next('\n', open + 1)
    if (start === open || close >= line) continue
    found.push([text.slice(start, open), text.slice(open + 1, close)])
    from = close + 1
  }
  return found
}

/** Where the script's pattern of the whole may stand: `[name(…), name(…)]`, where a parenthesis in a call may or may not be its last. */
type State = 'start' | 'before' | 'name' | 'body' | 'after' | 'end'

function followers(state: State, character: string): readonly State[] {
  if (state === 'start') return character === '[' ? ['before'] : []
  if (state === 'before' || state === 'name')
    return IN_FORM.test(character) ? ['name'] : state === 'name' && character === '(' ? ['body'] : []
  if (state === 'body') return character === '\n' ? [] : character === ')' ? ['body', 'after'] : ['body']
  if (state === 'after')
    return SPACE.test(character) ? ['after'] : character === ',' ? ['before'] : character === ']' ? ['end'] : []
  return []
}

function readArguments(body: string): JsonObject {
  const values: JsonObject = {}
  for (const part of splitTop(body)) {
    const at = part.indexOf('=')
    if (at < 0) continue
    const key = strip(part.slice(0, at))
    Object.defineProperty(values, key, {
      value: readValue(strip(part.slice(at + 1))),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return values
}

/** A parser of model text by that script; what json.dumps refuses is a fault. */
export const toolaceToolN1: CallFormat = {
  what: "ToolACE's calls as Tool-N1's published script reads them",
  // Any text may be one.
  opens: [''],
  parse(text) {
    try {
      return { think: null, calls: parseToolaceCompat(text), rest: '', fault: null }
    } catch (error) {
      if (!(error instanceof PythonError)) throw error
      return { think: null, calls: [], rest: text, fault: error.type }
    }
  },
  // The script knows neither thinking nor other text.
  write: ({ calls }) => writeTurn({ think: null, text: '', calls }, python),
}

/** At commas outside quotes and brackets; a backslash does not protect a quote. */
function splitTop(body: string): string[] {
  const parts: string[] = []
  let part = ''
  let quote = ''
  let depth = 0
  for (const character of body) {
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) depth--
    else if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
      continue
    }
    part += character
  }
  parts.push(part)
  return parts
}

function readValue(text: string): Json {
  let value
  try {
    value = literalEval(text)
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    return withoutQuotes(text)
  }
  return toJson(value)
}

function withoutQuotes(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && `"'`.includes(text[start]!)) start++
  while (end > start && `"'`.includes(text[end - 1]!)) end--
  return text.slice(start, end)
}
