// Reads calls written as JSON among text: objects and lists with names, or a mark, a name and the object of the arguments.
import type { Call, Parsed } from './format.ts'
import { strip } from '../../text/python/text.ts'
import { Malformed, readArguments, readValue, splitThink, toCalls, type Part, type Thought } from './read.ts'
import { callTexts, headBefore } from './values.ts'

const SPELLING = { keys: ['arguments', 'parameters'], objects: true }

export interface Objects {
  /** Marks that set calls apart and are no text. */
  marks?: readonly string[]
  /** The mark that opens a call whose name stands before its arguments. */
  open?: string
  /** What such a call has before its arguments, up to its end; the group that matches is the name. */
  head?: RegExp
  /** Objects with a name are no calls without it. */
  headOnly?: boolean
  /** How thinking is set apart. */
  thought?: (completion: string) => Thought
}

/**
 * Every bracketed JSON value that looks like a call (an object with a name, or a list of such) among other text. Prose with
 * brackets is left alone; a call cut short, or without arguments, is a fault and gives no call. Time is linear in the text.
 */
export function parseObjects(completion: string, objects: Objects = {}): Parsed {
  const { marks = [], open, head, thought = (whole) => splitThink(whole, partsOf(objects)) } = objects
  const { think, text, unfinished } = thought(completion)
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  const calls: Call[] = []
  const rest: string[] = []
  let fault: string | null = null
  let at = 0
  for (const { start, end, state, looksLikeCall } of callTexts(text, objects)) {
    const raw = text.slice(start, end)
    const named = headBefore(text, start, head)
    try {
      if (state !== 'whole') throw new Malformed(state === 'cut' ? 'the text ends inside a JSON value' : 'not JSON')
      if (!named && objects.headOnly) throw new Malformed('no name before the arguments')
      const value = readValue(raw)
      const found = named
        ? [{ name: named.slice(1).find(Boolean)!.trim(), arguments: readArguments(value) }]
        : toCalls(value, SPELLING)
      for (const call of found) calls.push(call)
      const before = text.slice(at, start - (named?.[0].length ?? 0))
      rest.push(open === undefined || named ? before : withoutLast(before, open))
      at = end
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      if (looksLikeCall) fault ??= `${state === 'cut' ? 'truncated' : 'malformed'}: ${error.message}`
    }
  }
  rest.push(text.slice(at))
  if (open !== undefined && rest.some((piece) => piece.includes(open))) fault ??= `truncated: ${open} without a call`
  const plain = (piece: string, i: number): string => {
    const text = marks.reduce((all, mark) => all.replaceAll(mark, ''), piece)
    return withoutSigns(text, { afterCall: i > 0, beforeCall: i < rest.length - 1 && !objects.headOnly })
  }
  return { think, calls, rest: rest.map(plain).filter(Boolean).join('\n'), fault }
}

/** The parts of a text that are calls of that spelling. */
export const partsOf =
  (objects: Objects) =>
  (text: string): Iterable<Part> =>
    callTexts(text, objects)

/** The mark that stands right before a list of calls. */
function withoutLast(text: string, mark: string): string {
  const end = text.trimEnd()
  return end.endsWith(mark) ? end.slice(0, -mark.length) : text
}

/** A piece of text without the signs that only set calls apart: the ends of code fences around them, a semicolon or comma between two. */
function withoutSigns(piece: string, { afterCall, beforeCall }: { afterCall: boolean; beforeCall: boolean }): string {
  let text = strip(piece)
  if (beforeCall)
    for (const fence of ['```json', '```']) if (text.endsWith(fence)) text = strip(text.slice(0, -fence.length))
  if (afterCall && text.startsWith('```')) text = strip(text.slice(3))
  return (afterCall || beforeCall) && (text === ';' || text === ',') ? '' : text
}
