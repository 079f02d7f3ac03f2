// JavaScript statements and expressions → where calls, assignments and names stand, repaired where tree-sitter repairs.
import { cursorOver } from './source-cursor.ts'
import { JAVASCRIPT_TOKENS, tokenizeSource } from './source-tokens.ts'

export interface Span {
  kind: 'name' | 'true' | 'member' | 'assignment' | 'call' | 'pattern' | 'other'
  start: number
  end: number
  /** Target and value of an assignment; callee and arguments of a call. */
  items: Span[]
}

/** Words that may begin a statement or expression: other keywords are read as names, as tree-sitter reads them. */
const RESERVED = new Set([
  'new',
  'function',
  'class',
  'typeof',
  'void',
  'delete',
  'this',
  'super',
  'null',
  'true',
  'false',
  'import',
])
const WORDS = new Set(['this', 'super', 'null', 'false'])
const PREFIX = new Set(['+', '-', '!', '~', '++', '--', 'typeof', 'void', 'delete', 'await'])
const BINARY = new Set('+ - * / % ** & | ^ << >> >>> && || ?? == != === !== < > <= >= in instanceof'.split(' '))
const ASSIGNMENT = new Set('= += -= *= /= %= **= &= |= ^= <<= >>= >>>= &&= ||= ??='.split(' '))

/** The statements of a source. @throws SourceError where tree-sitter's tree would hold an error. */
export function parseJavascript(source: string): Span[] {
  const { peek, last, is, take, expect, skip, fail, attempt } = cursorOver(tokenizeSource(source, JAVASCRIPT_TOKENS))
  const statements: Span[] = []
  while (peek().type !== 'end') {
    if (take(';')) continue
    statements.push(statement())
    // A line end may stand for the semicolon.
    if (!take(';') && peek().type !== 'end' && !peek().startsLine) fail()
  }
  return statements

  function span(kind: Span['kind'], start: number, items: Span[] = []): Span {
    return { kind, start, end: last()!.end, items }
  }

  function statement(): Span {
    const { start } = peek()
    if (peek().type === 'name' && is(':', 1)) {
      skip(2)
      statement()
      return span('other', start)
    }
    if (is('{') && attempt(block)) return span('other', start)
    if (take('const') || take('let') || take('var')) {
      do {
        binding()
        if (take('=')) expression()
      } while (take(','))
      return span('other', start)
    }
    if (take('return') || take('throw')) {
      if (!is(';') && peek().type !== 'end') sequence()
      return span('other', start)
    }
    return sequence()
  }
  function block(): true {
    expect('{')
    while (!is('}')) {
      if (take(';')) continue
      statement()
      if (!is(';') && !is('}') && !peek().startsLine) fail()
    }
    expect('}')
    return true
  }
  function sequence(): Span {
    const { start } = peek()
    const first = expression()
    if (!is(',')) return first
    while (take(',')) expression()
    return span('other', start)
  }

  function expression(): Span {
    const { start } = peek()
    const arrow = attempt(arrowFunction)
    if (arrow) return arrow
    const left = binary()
    if (take('?')) {
      expression()
      expect(':')
      expression()
      return span('other', start)
    }
    if (peek().type !== 'operator' || !ASSIGNMENT.has(peek().text)) return left
    const target = left.kind === 'other' ? left.items.at(-1) : left
    if (!target || (target.kind !== 'name' && target.kind !== 'member' && target.kind !== 'pattern')) fail()
    // In `a / b = c` the assignment is an operand of the division.
    const plain = is('=') && target === left
    skip()
    const value = expression()
    // `a += b` is an augmented assignment, another kind of node: it names no argument.
    return span(plain ? 'assignment' : 'other', start, [left, value])
  }
  function arrowFunction(): Span {
    const { start } = peek()
    if (is('async') && !is('=>', 1)) skip()
    if (is('(')) {
      skip()
      while (!is(')')) {
        take('...')
        binding()
        if (take('=')) expression()
        if (!take(',')) break
      }
      expect(')')
    } else name()
    expect('=>')
    if (is('{')) balanced()
    else expression()
    return span('other', start)
  }
  function binding(): void {
    if (is('{') || is('[')) balanced()
    else name()
  }

  function binary(): Span {
    const { start } = peek()
    const first = unary()
    let last: Span | undefined
    while (BINARY.has(peek().text) && (peek().type === 'operator' || peek().type === 'name')) {
      skip()
      last = unary()
    }
    return last ? span('other', start, [last]) : first
  }
  function unary(): Span {
    const { start, type, text } = peek()
    if ((type !== 'operator' && type !== 'name') || !PREFIX.has(text)) return postfix()
    skip()
    const operand = unary()
    return span('other', start, [operand])
  }
  function postfix(): Span {
    const { start } = peek()
    const target = member()
    if (peek().startsLine || (!is('++') && !is('--'))) return target
    skip()
    return span('other', start)
  }
  function member(): Span {
    const { start } = peek()
    let node = take('new') ? creation(start) : primary()
    for (;;) {
      if (take('.') || (is('?.') && !is('(', 1) && !is('[', 1) && take('?.'))) {
        take('#')
        if (peek().type !== 'name') fail()
        skip()
        node = span('member', start)
      } else if (is('[') || (is('?.') && is('[', 1))) {
        take('?.')
        expect('[')
        sequence()
        expect(']')
        node = span('member', start)
      } else if (is('(')) node = span('call', start, [node, ...callArguments()])
      else if (is('?.') && is('(', 1)) {
        skip()
        callArguments()
        node = span('call', start, [node])
      } else if (peek().type === 'template') {
        skip()
        node = span('call', start, [node])
      } else return node
    }
  }
  function creation(start: number): Span {
    if (take('new')) creation(start)
    else primary()
    while (is('.') || is('[')) {
      if (take('.')) name()
      else {
        expect('[')
        sequence()
        expect(']')
      }
    }
    if (is('(')) callArguments()
    return span('other', start)
  }
  /** Empty places between commas are allowed, as the grammar allows them. */
  function callArguments(): Span[] {
    expect('(')
    const items = list(')')
    expect(')')
    return items
  }
  function list(closer: string): Span[] {
    const items: Span[] = []
    while (!is(closer)) {
      if (take(',')) continue
      const { start } = peek()
      if (take('...')) {
        expression()
        items.push(span('other', start))
      } else {
        // The left side of a power is added where it is missing, as for Python's `**arguments`.
        if (items.length !== 1 && take('**')) unary()
        else items.push(expression())
      }
      if (!take(',')) break
    }
    return items
  }

  function primary(): Span {
    const { start, type, text } = peek()
    if (type === 'string' || type === 'number' || type === 'template' || type === 'regex') {
      skip()
      return span('other', start)
    }
    if (take('(')) {
      sequence()
      expect(')')
      return span('other', start)
    }
    if (take('[')) {
      list(']')
      expect(']')
      return span('pattern', start)
    }
    if (is('{')) return object(start)
    if (is('function') || is('class') || (is('async') && is('function', 1))) {
      while (!is('{')) {
        if (peek().type === 'end') fail()
        skip()
      }
      balanced()
      return span('other', start)
    }
    if (take('true')) return span('true', start)
    if (type === 'name' && WORDS.has(text)) {
      skip()
      return span('other', start)
    }
    return name()
  }
  function object(start: number): Span {
    expect('{')
    while (!is('}')) {
      if (take(',')) continue
      if (take('...')) expression()
      else property()
      if (!take(',')) break
    }
    expect('}')
    return span('pattern', start)
  }
  function property(): void {
    if ((is('get') || is('set') || is('async')) && !is(':', 1) && !is(',', 1) && !is('}', 1) && !is('(', 1)) skip()
    const { type } = peek()
    if (take('[')) {
      expression()
      expect(']')
    } else if (type === 'name' || type === 'string' || type === 'number') skip()
    else fail()
    if (take(':')) expression()
    else if (is('(')) {
      callArguments()
      balanced()
    } else if (type !== 'name') fail()
    else if (take('=')) expression()
  }
  function name(): Span {
    const { start, type, text } = peek()
    if (type !== 'name' || RESERVED.has(text)) fail()
    skip()
    return span('name', start)
  }
  /** Brackets taken as they stand. */
  function balanced(): void {
    if (!is('{') && !is('[')) fail()
    let depth = 0
    do {
      if (peek().type === 'end') fail()
      if (is('{') || is('[') || is('(')) depth++
      if (is('}') || is(']') || is(')')) depth--
      skip()
    } while (depth > 0)
  }
}
