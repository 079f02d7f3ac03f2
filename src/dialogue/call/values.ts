// The parts of a text that are JSON values or calls gone wrong: in their strings tags and marks are data.
import type { Part } from './read.ts'
import { spanOf } from '../../text/json/scan.ts'
import { valueFinder } from '../../text/json/values.ts'

/** A list or object that opens with "name", as every template orders it, or that is all there is. */
const LOOKS_LIKE_CALL = /^[[{\s]*"(?:name|arguments|parameters|type)"\s*:/

export interface CallText extends Part {
  state: 'whole' | 'cut' | 'broken'
  looksLikeCall: boolean
}

export interface CallTextOptions {
  /** What also marks a value as a call's: the text before it ends so. */
  head?: RegExp | undefined
  /** Nothing else marks one. */
  headOnly?: boolean
  /** Where a value may begin. */
  starts?: RegExp
}

/** Far more than a name and its marks take. */
const HEAD_LENGTH = 300

/** What stands before the object at `start` and makes it the arguments of a call. */
export function headBefore(text: string, start: number, head: RegExp | undefined): RegExpExecArray | undefined {
  if (head === undefined || text[start] !== '{') return undefined
  return head.exec(text.slice(Math.max(0, start - HEAD_LENGTH), start)) ?? undefined
}

/** JSON values in order, and what looks like a call but is none. A bracket of prose costs itself alone. */
export function* callTexts(
  text: string,
  { head, headOnly = false, starts }: CallTextOptions = {},
): Generator<CallText> {
  const find = valueFinder(text, starts)
  for (let found = find(0); found;) {
    const { start, state } = found
    let { end } = found
    const looksLikeCall =
      (!headOnly && LOOKS_LIKE_CALL.test(text.slice(start, end))) || headBefore(text, start, head) !== undefined
    if (state === 'broken' && looksLikeCall) end = Math.max(end, spanOf(text, start, true).end)
    if (state === 'whole' || looksLikeCall) yield { start, end, state, looksLikeCall }
    else end = start
    found = find(Math.max(end, start + 1))
  }
}
