// Reads calls written as bare JSON: Llama 3's objects between semicolons, objects and lists in a fence or plain.
import type { Call, Parsed } from './format.ts'
import { strip } from '../../text/python/text.ts'
import { Malformed, readArguments, readValue, splitThink, toCalls, type Thought } from './read.ts'
import { callTexts, headBefore } from './values.ts'

const SPELLING = { keys: ['arguments', 'parameters'], objects: true }

export interface Objects {
  /** Marks that set calls apart and are no text. */
  marks?: readonly string[]
  /** What stands before the bare arguments of a call, up to its end; group 1 is the name. */
  head?: RegExp
  /** How thinking is set apart. */
  thought?: (completion: string) => Thought
}

/**
 * Every bracketed JSON value that looks like a call (an object with a name, or a list of such) among other text. Prose with
 * brackets is left alone; a call cut short, or without arguments, is a fault and gives no call. Time is linear in the text.
 */
export function parseObjects(
  completion: string,
  { marks = [], head, thought = (whole) => splitThink(whole, (text) => callTexts(text)) }: Objects = {},
): Parsed {
  const { think, text, unfinished } = thought(completion)
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  const calls: Call[] = []
  const rest: string[] = []
  let fault: string | null = null
  let at = 0
  for (const { start, end, state, looksLikeCall } of callTexts(text, head ? { head } : {})) {
    const raw = text.slice(start, end)
    const named = headBefore(text, start, head)
    try {
      if (state !== 'whole') throw new Malformed(state === 'cut' ? 'the text ends inside a JSON value' : 'not JSON')
      const value = readValue(raw)
      const found = named ? [{ name: named[1]!, arguments: readArguments(value) }] : toCalls(value, SPELLING)
      for (const call of found) calls.push(call)
      rest.push(text.slice(at, start - (named?.[0].length ?? 0)))
      at = end
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      if (looksLikeCall) fault ??= `${state === 'cut' ? 'truncated' : 'malformed'}: ${error.message}`
    }
  }
  rest.push(text.slice(at))
  const plain = (piece: string): string => withoutSigns(marks.reduce((text, mark) => text.replaceAll(mark, ''), piece))
  return { think, calls, rest: rest.map(plain).filter(Boolean).join('\n'), fault }
}

/** A piece of text without the signs that only set calls apart: code fences around it, a semicolon or comma between two. */
function withoutSigns(piece: string): string {
  let text = strip(piece)
  for (const fence of ['```json', '```']) if (text.endsWith(fence)) text = strip(text.slice(0, -fence.length))
  if (text.startsWith('```')) text = strip(text.slice(3))
  return text === ';' || text === ',' ? '' : text
}
