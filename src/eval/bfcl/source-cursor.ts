// A place in a list of tokens, with what a recursive descent parser asks of it.
import { SourceError, type SourceToken } from './source-tokens.ts'

export interface Cursor {
  peek(ahead?: number): SourceToken
  /** The token taken last. */
  last(back?: number): SourceToken | undefined
  /** Is this operator or name next? */
  is(text: string, ahead?: number): boolean
  take(text: string): boolean
  expect(text: string): void
  /** Go on by so many tokens. */
  skip(count?: number): void
  fail(): never
  /** What `read` makes of the tokens here, or undefined with nothing taken where it fails. */
  attempt<T>(read: () => T): T | undefined
}

/** `tokens` end with one of type 'end', which is never passed. */
export function cursorOver(tokens: readonly SourceToken[]): Cursor {
  let at = 0
  const cursor: Cursor = {
    peek: (ahead = 0) => tokens[Math.min(at + ahead, tokens.length - 1)]!,
    last: (back = 1) => tokens[at - back],
    is(text, ahead = 0) {
      const token = cursor.peek(ahead)
      return token.text === text && (token.type === 'operator' || token.type === 'name')
    },
    take(text) {
      if (!cursor.is(text)) return false
      at++
      return true
    },
    expect(text) {
      if (!cursor.take(text)) cursor.fail()
    },
    skip(count = 1) {
      at += count
    },
    fail() {
      throw new SourceError(`unexpected ${JSON.stringify(cursor.peek().text)}`)
    },
    attempt(read) {
      const start = at
      try {
        return read()
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        at = start
        return undefined
      }
    },
  }
  return cursor
}
