// A model's turn as it is written: thinking apart, text as far as it is sure to be text, calls when all is said.
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
export type Piece = Pick<Said, 'reasoning' | 'content'>

export interface TurnReader {
  push(text: string): Piece
  /** What was kept back, and the turn as a whole. */
  end(): { piece: Piece; said: Said }
}

export interface TurnOptions {
  format: CallFormat
  /** What the prompt opened: a thought that the text goes on with, or nothing. */
  opened: string
  /** Without tools on offer nothing is a call. */
  withCalls: boolean
}

/**
 * The turn in pieces: those of each kind, one after the other, are that part of the whole, unless a tag that closes a thought
 * never opened shows late that all before it was one.
 */
export function readTurn({ format, opened, withCalls }: TurnOptions): TurnReader {
  const tags = [THINK, ...(format.thought ? [format.thought] : [])]
  const opens = withCalls ? format.opens : []
  let whole = opened
  let waiting = ''
  /** Between which tags the text is, before any of them, or where only the end will show what it is. */
  let state: ThoughtTags | 'text' | 'unsure' = opened === '' ? 'text' : THINK
  let thought = opened !== ''
  const parts = { reasoning: withoutMargins(), content: withoutMargins() }

  /** The next stretch of what waits, undefined where there is nothing sure in it. */
  function next(): [keyof Piece, string] | undefined {
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
  function take(kind: keyof Piece, length: number, more = 0): [keyof Piece, string] | undefined {
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
      return piece
    },
    end() {
      const said = wholeTurn(whole, format, withCalls)
      const rest = (kind: keyof Piece) => {
        const { given } = parts[kind]
        return said[kind].startsWith(given) ? said[kind].slice(given.length) : kind === 'content' ? said[kind] : ''
      }
      return { piece: { reasoning: rest('reasoning'), content: rest('content') }, said }
    },
  }
}

function wholeTurn(text: string, { parse, thought }: CallFormat, withCalls: boolean): Said {
  if (withCalls) {
    const { think, rest, calls } = parse(text)
    return { reasoning: think ?? '', content: rest, calls }
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
