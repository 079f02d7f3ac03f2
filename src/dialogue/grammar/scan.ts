// Free text: automata that read anything up to a mark, or anything but some.
import { newId, type State } from './regular.ts'

export interface Scan {
  /** The text ends with the first of these; without any it may end anywhere. */
  until?: readonly string[]
  /** What may not stand in it. */
  never?: readonly string[]
}

const END: State = { id: newId(), accepts: true, to: [], step: () => null }

const known = new Map<string, State>()

/** The automaton of a scan, the same for the same. */
export function scan(sought: Scan): State {
  const key = JSON.stringify([sought.until ?? [], sought.never ?? []])
  const state = known.get(key) ?? make(sought)
  known.set(key, state)
  return state
}

/** Aho and Corasick's automaton (1975): a state is the longest end of the text that may begin a mark. */
function make({ until = [], never = [] }: Scan): State {
  const ends = until.map(binary)
  const marks = [...ends, ...never.map(binary)]
  const states = new Map<string, State>()
  const at = (held: string): State => {
    const known = states.get(held)
    if (known) return known
    const state: State = {
      id: newId(),
      accepts: until.length === 0,
      to: new Array<undefined>(256),
      step(byte) {
        const text = held + String.fromCharCode(byte)
        const found = marks.find((mark) => text.endsWith(mark))
        if (found !== undefined) return ends.includes(found) ? END : null
        let rest = text
        while (!marks.some((mark) => mark.startsWith(rest))) rest = rest.slice(1)
        return at(rest)
      },
    }
    states.set(held, state)
    return state
  }
  return at('')
}

/** The texts of `state` but some: a key that is not among those with a value of their own. */
export function without(state: State, texts: readonly string[]): State {
  const excluded = texts.map(binary)
  const at = (inner: State, read: string): State => ({
    id: newId(),
    accepts: inner.accepts && !excluded.includes(read),
    to: new Array<undefined>(256),
    step(byte) {
      const after = inner.to[byte] === undefined ? (inner.to[byte] = inner.step(byte)) : inner.to[byte]
      const text = read + String.fromCharCode(byte)
      return after && (excluded.some((other) => other.startsWith(text)) ? at(after, text) : after)
    },
  })
  return at(state, '')
}

/** The bytes of a text, a character each. */
const binary = (text: string): string => Buffer.from(text).toString('latin1')
