// Text out of tokens as they come: no character before it is whole, nothing that may yet be a stop text.
import type { Tokenizer } from '../dialogue/chat.ts'

/** Text that grows; what is not sure yet is kept back until the end. */
export interface TextReader<Input> {
  push(input: Input): string
  end(): string
}

/** Bytes of a character that is not whole decode to this. */
const BROKEN = '\ufffd'
/** A character has at most four bytes, so that three may wait for the last. */
const UNSURE = new RegExp(`${BROKEN}{1,3}$`)

/** Token ids → text, token by token the text that all of them decode to. */
export function tokenText({ decode }: Pick<Tokenizer, 'decode'>): TextReader<number> {
  // A decoder may spell a token otherwise at the beginning: whole characters stand before those that are being written.
  let before: number[] = []
  let ids: number[] = []
  let given = 0
  const rest = (text: string) => {
    const more = text.slice(given)
    given = Math.max(given, text.length)
    return more
  }
  const written = () => decode([...before, ...ids])
  return {
    push(id) {
      ids.push(id)
      const text = written()
      if (text.endsWith(BROKEN)) return rest(text.replace(UNSURE, ''))
      const more = rest(text)
      ;[before, ids] = [ids, []]
      given = decode(before).length
      return more
    },
    end: () => rest(written()),
  }
}

/** Text up to the first of the strings; `found` once it is there, and nothing is given out from then on. */
export function untilStop(strings: readonly string[]): TextReader<string> & { readonly found: boolean } {
  let waiting = ''
  let found = false
  return {
    get found() {
      return found
    },
    push(text) {
      if (found) return ''
      waiting += text
      const ends = strings.map((each) => waiting.indexOf(each)).filter((at) => at >= 0)
      if (ends.length > 0) found = true
      return give(found ? Math.min(...ends) : sureOf(waiting, strings))
    },
    end: () => (found ? '' : give(waiting.length)),
  }

  function give(length: number): string {
    const sure = waiting.slice(0, length)
    waiting = waiting.slice(length)
    return sure
  }
}

/** The length of the text without an end that may be the beginning of one of the strings. */
export function sureOf(text: string, strings: readonly string[]): number {
  const longest = Math.max(0, ...strings.map(({ length }) => length))
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
    const tail = text.slice(at)
    if (strings.some((each) => each.startsWith(tail))) return at
  }
  return text.length
}
