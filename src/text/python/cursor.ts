// A place in the tokens of a Python expression: what stands there, and whether it is what the grammar wants.
import type { Token } from './lexer.ts'
import { PythonError } from './value.ts'

const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
)

export interface Cursor {
  /** The token here, or so many further on; the last one stands for all that would follow. */
  peek(ahead?: number): Token
  skip(): void
  /** Whether an operator or a word stands there. */
  is(text: string, ahead?: number): boolean
  /** Steps over it where it does. */
  take(text: string): boolean
  expect(text: string): void
  /** A name that is no keyword. */
  identifier(): string
  fail(): never
}

/** @throws PythonError from `expect`, `identifier` and `fail`: a SyntaxError that names the token. */
export function cursorOf(tokens: readonly Token[]): Cursor {
  let at = 0
  const peek = (ahead = 0) => tokens[Math.min(at + ahead, tokens.length - 1)]!
  const is = (text: string, ahead = 0) => {
    const token = peek(ahead)
    return token.text === text && (token.type === 'operator' || token.type === 'name')
  }
  const take = (text: string) => {
    if (!is(text)) return false
    at++
    return true
  }
  const fail = () => {
    throw new PythonError('SyntaxError', `invalid syntax at ${JSON.stringify(peek().text)}`)
  }
  return {
    peek,
    skip: () => void at++,
    is,
    take,
    expect(text) {
      if (!take(text)) fail()
    },
    identifier() {
      const token = peek()
      if (token.type !== 'name' || KEYWORDS.has(token.text)) fail()
      at++
      return token.text
    },
    fail,
  }
}
