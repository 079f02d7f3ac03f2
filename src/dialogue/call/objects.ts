// Reads calls written as bare JSON: Llama 3's objects between semicolons, objects and lists in a fence or plain.
import type { Call, Parsed } from './format.ts'
import { isObject, type Json } from '../../text/json.ts'
import { strip } from '../../text/python/text.ts'
import { spanOf } from '../../text/json/scan.ts'
import { Malformed, readValue, splitThink, toCalls } from './read.ts'

const KEYS = ['arguments', 'parameters']

export interface Objects {
  /** Arguments written as JSON text are read. */
  nestedText?: boolean
}

/**
 * Every bracketed JSON value that looks like a call (an object with a name, or a list of such) among other text. Prose with
 * brackets is left alone; a call cut short, or without arguments, is a fault and gives no call. Time is linear in the text.
 */
export function parseObjects(completion: string, { nestedText = false }: Objects = {}): Parsed {
  const { think, text, unfinished } = splitThink(completion)
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  const calls: Call[] = []
  const rest: string[] = []
  let fault: string | null = null
  let at = 0
  for (let start = nextBracket(text, 0); start >= 0; start = nextBracket(text, at)) {
    rest.push(text.slice(at, start))
    const { end, closed } = spanOf(text, start, true)
    at = Math.max(end, start + 1)
    const raw = text.slice(start, at)
    try {
      if (!closed && at < text.length) throw new Malformed('not JSON')
      if (!closed) throw new Malformed('the text ends inside a JSON value')
      const found = toCalls(readValue(raw), KEYS)
      if (nestedText) for (const call of found) call.arguments = readNested(call.arguments)
      for (const call of found) calls.push(call)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      if (LOOKS_LIKE_CALL.test(raw))
        fault ??= `${closed || at < text.length ? 'malformed' : 'truncated'}: ${error.message}`
      rest.push(raw)
    }
  }
  rest.push(text.slice(at))
  return { think, calls, rest: rest.map(withoutSigns).filter(Boolean).join('\n'), fault }
}

/** A piece of text without the signs that only set calls apart: code fences around it, a semicolon or comma between two. */
function withoutSigns(piece: string): string {
  let text = strip(piece)
  for (const fence of ['```json', '```']) if (text.endsWith(fence)) text = strip(text.slice(0, -fence.length))
  if (text.startsWith('```')) text = strip(text.slice(3))
  return text === ';' || text === ',' ? '' : text
}

/** A list or object that opens with "name", as every template orders it, or that is all there is. */
const LOOKS_LIKE_CALL = /^[[{\s]*"(?:name|arguments|parameters|type)"\s*:/

function nextBracket(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x7b || code === 0x5b) return i
  }
  return -1
}

function readNested(value: Json): Json {
  if (typeof value !== 'string') return value
  const nested = readValue(value)
  if (!isObject(nested)) throw new Malformed('arguments in text must be a JSON object')
  return nested
}
