// A model's turn as it is written: thinking apart, text as far as it is sure to be text, calls as they are whole.
import type { Call, CallFormat, ThoughtTags } from '../dialogue/call/format.ts'
import { splitThinkOf, THINK } from '../dialogue/call/read.ts'
import { strip } from '../text/python/text.ts'
import { sureOf } from './text.ts'

export interface Said {
  reasoning: string
  content: string
  calls: readonly Call[]
}

/** What is new of a turn. */
export type Piece = Said

export interface TurnReader {
  push(text: string): Piece
  /** What was kept back, and the turn as a whole. */
  end(): { piece: Piece; said: Said }
}

export interface TurnOptions {
  format: CallFormat
  /** What the prompt opened: a thought that the text goes on with, or nothing. */
  opened: string
  /** Calls that are made at most; without tools on offer none: what looks like one is text. */
  mostCalls: number
}

type Text = 'reasoning' | 'content'

/** With what calls of any format end. */
const CLOSING = /[\]})>]/

/**
 * The turn in pieces: those of each kind, one after the other, are that part of the whole, unless a tag that closes a thought
 * never opened shows late that all before it was one. A call is given once no text after it could make it another.
 */
export function readTurn({ format, opened, mostCalls }: TurnOptions): TurnReader {
  const tags = [THINK, ...(format.thought ? [format.thought] : [])]
  const opens = mostCalls > 0 ? format.opens : []
  let whole = opened
  let waiting = ''
  /** Between which tags the text is, before any of them, or where only the end will show what it is. */
  let state: ThoughtTags | 'text' | 'unsure' = opened === '' ? 'text' : THINK
  let thought = opened !== ''
  const parts = { reasoning: withoutMargins(), content: withoutMargins() }
  let given = 0

  /** The next stretch of what waits, undefined where there is nothing sure in it. */
  function next(): [Text, string] | undefined {
    if (state === 'unsure') return undefined
    if (state !== 'text') {
      const { close } = state
      const end = waiting.indexOf(close)
      if (end < 0) return take('reasoning', sureOf(waiting, [close]))
      state = 'text'
      return take('reasoning', end, close.length)
    }
    // A second thought is text.
    const marks = [...(thought ? [] : tags.flatMap(({ open, close }) => [open, close])), ...opens]
    const sure = sureOf(waiting, marks)
    const [first] = marks
      .map((mark) => ({ mark, at: waiting.indexOf(mark) }))
      .filter(({ at }) => at >= 0 && at < sure)
      .toSorted((a, b) => a.at - b.at || b.mark.length - a.mark.length)
    if (!first) return take('content', opens.includes('') ? 0 : sure)
    const opening = tags.find(({ open }) => open === first.mark)
    state = opening ?? 'unsure'
    thought ||= opening !== undefined
    return take('content', first.at, opening ? first.mark.length : 0)
  }
  function take(kind: Text, length: number, more = 0): [Text, string] | undefined {
    const text = waiting.slice(0, length)
    waiting = waiting.slice(length + more)
    return length + more > 0 ? [kind, text] : undefined
  }

  return {
    push(text) {
      whole += text
      waiting += text
      const piece = { reasoning: '', content: '' }
      for (let found = next(); found; found = next()) piece[found[0]] += parts[found[0]].push(found[1])
      return { ...piece, calls: state === 'unsure' && CLOSING.test(text) ? newCalls(sureCalls()) : [] }
    },
    end() {
      const said = wholeTurn(whole, format, mostCalls)
      const rest = (kind: Text) => {
        const { given } = parts[kind]
        return said[kind].startsWith(given) ? said[kind].slice(given.length) : kind === 'content' ? said[kind] : ''
      }
      return { piece: { reasoning: rest('reasoning'), content: rest('content'), calls: newCalls(said.calls) }, said }
    },
  }

  function newCalls(calls: readonly Call[]): readonly Call[] {
    const more = calls.slice(given)
    given += more.length
    return more
  }
  function sureCalls(): Call[] {
    if (mostCalls === 0) return []
    const { calls } = format.parse(whole)
    const after = format.parse(`${whole}\n, ${format.opens[0]}`).calls
    const other = calls.findIndex((call, i) => i >= mostCalls || !Bun.deepEquals(call, after[i]))
    return other < 0 ? calls : calls.slice(0, other)
  }
}

function wholeTurn(text: string, { parse, thought }: CallFormat, mostCalls: number): Said {
  if (mostCalls > 0) {
    const { think, rest, calls } = parse(text)
    return { reasoning: think ?? '', content: rest, calls: calls.slice(0, mostCalls) }
  }
  const { think, text: content } = splitThinkOf(text, () => [], thought)
  return { reasoning: think ?? '', content: strip(content), calls: [] }
}

/** Text without the white space around it: that at its end waits for what may follow. */
function withoutMargins() {
  let space = ''
  let given = ''
  return {
    get given() {
      return given
    },
    push(text: string): string {
      const all = space + text
      const start = given === '' ? all.length - strip(`${all}.`).length + 1 : 0
      const end = strip(`.${all}`).length - 1
      const sure = all.slice(Math.min(start, end), end)
      space = all.slice(end)
      given += sure
      return sure
    },
  }
}
