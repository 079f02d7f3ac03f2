// Reads calls that stand between an opening and a closing tag, as Hermes, Qwen, Tool-N1 and ToolRL write them.
import type { Call, Parsed } from './format.ts'
import { strip } from '../../text/python/text.ts'
import { spanOf } from '../../text/json/scan.ts'
import { Malformed, splitThink } from './read.ts'
import { callTexts } from './values.ts'

export interface Tagged {
  open: string
  close: string
  /** The calls of one block's text, stripped. @throws Malformed */
  read(body: string): Call[]
  /** A block whose JSON is complete counts although the text ends before its closing tag. */
  closeOptional?: boolean
  /** Of several blocks the last one counts alone. */
  lastOnly?: boolean
}

/** Every block of `completion`; a malformed one gives no call, stays in the rest and is the fault. Time is linear in the text. */
export function parseTagged(
  completion: string,
  { open, close, read, closeOptional = false, lastOnly = false }: Tagged,
): Parsed {
  const { think, text, unfinished } = splitThink(completion, (text) => callTexts(text, { starts: valueOf(open) }))
  if (unfinished) return { think, calls: [], rest: strip(text), fault: 'truncated: thinking without an end' }
  let calls: Call[] = []
  let rest = ''
  let fault: string | null = null
  let at = 0
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, at)) {
    const end = blockEnd(text, start + open.length, close)
    const body = strip(text.slice(start + open.length, end.body))
    rest += text.slice(at, start)
    at = end.next
    const whole = end.closed || (closeOptional && end.complete)
    if (lastOnly) [calls, fault] = [[], null]
    try {
      if (!whole) throw new Malformed(`${open} without ${close}`)
      for (const call of read(body)) calls.push(call)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      fault ??= `${whole ? 'malformed' : 'truncated'}: ${error.message}`
      rest += text.slice(start, at)
    }
  }
  return { think, calls, rest: strip(rest + text.slice(at)), fault }
}

interface BlockEnd {
  /** Where the block's text ends, and where the text after the block begins. */
  body: number
  next: number
  closed: boolean
  /** The block holds one whole JSON value. */
  complete: boolean
}

/** A bracket, or the quote of JSON text that is all there is in a block. */
const valueOf = (open: string): RegExp => new RegExp(`[[{]|(?<=${open}\\s*)"`, 'g')

/** The closing tag after the block's JSON values, so that a tag inside a string does not count; else the first closing tag. */
function blockEnd(text: string, start: number, close: string): BlockEnd {
  let at = skipSpace(text, start)
  for (let value = spanOf(text, at, true); value.closed; value = spanOf(text, at, true)) {
    at = skipSpace(text, value.end)
    if (text.startsWith(close, at)) return { body: at, next: at + close.length, closed: true, complete: true }
    if (at >= text.length) return { body: at, next: at, closed: false, complete: true }
  }
  const end = text.indexOf(close, start)
  if (end >= 0) return { body: end, next: end + close.length, closed: true, complete: false }
  return { body: text.length, next: text.length, closed: false, complete: false }
}

function skipSpace(text: string, at: number): number {
  while (' \n\r\t'.includes(text[at] ?? 'x')) at++
  return at
}
