// JavaScript source → BFCL's decoded calls: the first statement that is a call, its named arguments as source text.
import { Dict, type Py } from '../../python-value.ts'
import { JAVASCRIPT_TOKENS, SourceError, tokenizeSource, type SourceToken } from './source-tokens.ts'

interface Span {
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
/** A JSX element around text. */
const MARKUP = /^\s*<([\w.]+)>(?:[^<>{}]|\{\})*<\/\1>;?\s*$/
const WORDS = new Set(['this', 'super', 'null', 'false'])
const PREFIX = new Set(['+', '-', '!', '~', '++', '--', 'typeof', 'void', 'delete', 'await'])
const BINARY = new Set('+ - * / % ** & | ^ << >> >>> && || ?? == != === !== < > <= >= in instanceof'.split(' '))
const ASSIGNMENT = new Set('= += -= *= /= %= **= &= |= ^= <<= >>= >>>= &&= ||= ??='.split(' '))

/** Decoded calls [{name: {argument: text}}], or null where no statement is a call. @throws SourceError where the original refuses it. */
export function decodeJavascriptCalls(source: string): Py {
  if (MARKUP.test(source)) return null
  const statements = parseJavascript(tokenizeSource(source, JAVASCRIPT_TOKENS))
  const call = statements.find(({ kind }) => kind === 'call')
  if (!call) return null
  const text = ({ start, end }: Span) => source.slice(start, end)
  const named = new Dict()
  const [callee, ...items] = call.items
  for (const item of items) {
    if (item.kind === 'assignment') setOnce(named, text(item.items[0]!), unquoted(text(item.items[1]!)))
    else if (item.kind === 'name' || item.kind === 'true') setOnce(named, null, text(item))
  }
  return [new Dict([[text(callee!), named]])]
}

function setOnce(named: Dict, key: Py, value: string): void {
  if (named.has(key)) throw new SourceError('two arguments of one name')
  named.set(key, value)
}

function unquoted(value: string): string {
  const quoted = ['"', "'"].some((quote) => value.startsWith(quote) && value.endsWith(quote))
  return quoted ? value.slice(1, -1) : value
}

function parseJavascript(tokens: SourceToken[]): Span[] {
  let at = 0
  const statements: Span[] = []
  while (peek().type !== 'end') {
    if (take(';')) continue
    statements.push(statement())
    // A line end may stand for the semicolon.
    if (!take(';') && peek().type !== 'end' && !peek().startsLine) fail()
  }
  return statements

  function peek(ahead = 0): SourceToken {
    return tokens[Math.min(at + ahead, tokens.length - 1)]!
  }
  function is(text: string, ahead = 0): boolean {
    const token = peek(ahead)
    return token.text === text && (token.type === 'operator' || token.type === 'name')
  }
  function take(text: string): boolean {
    if (!is(text)) return false
    at++
    return true
  }
  function expect(text: string): void {
    if (!take(text)) fail()
  }
  function fail(): never {
    throw new SourceError(`unexpected ${JSON.stringify(peek().text)}`)
  }
  function span(kind: Span['kind'], start: number, items: Span[] = []): Span {
    return { kind, start, end: tokens[at - 1]!.end, items }
  }
  function attempt<T>(read: () => T): T | undefined {
    const start = at
    try {
      return read()
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      at = start
      return undefined
    }
  }

  function statement(): Span {
    const { start } = peek()
    if (peek().type === 'name' && is(':', 1)) {
      at += 2
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
    at++
    const value = expression()
    // `a += b` is an augmented assignment, another kind of node: it names no argument.
    return span(plain ? 'assignment' : 'other', start, [left, value])
  }
  function arrowFunction(): Span {
    const { start } = peek()
    if (is('async') && !is('=>', 1)) at++
    if (is('(')) {
      at++
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
      at++
      last = unary()
    }
    return last ? span('other', start, [last]) : first
  }
  function unary(): Span {
    const { start, type, text } = peek()
    if ((type !== 'operator' && type !== 'name') || !PREFIX.has(text)) return postfix()
    at++
    unary()
    return span('other', start)
  }
  function postfix(): Span {
    const { start } = peek()
    const target = member()
    if (peek().startsLine || (!is('++') && !is('--'))) return target
    at++
    return span('other', start)
  }
  function member(): Span {
    const { start } = peek()
    let node = take('new') ? creation(start) : primary()
    for (;;) {
      if (take('.') || (is('?.') && !is('(', 1) && !is('[', 1) && take('?.'))) {
        take('#')
        if (peek().type !== 'name') fail()
        at++
        node = span('member', start)
      } else if (is('[') || (is('?.') && is('[', 1))) {
        take('?.')
        expect('[')
        sequence()
        expect(']')
        node = span('member', start)
      } else if (is('(')) node = span('call', start, [node, ...callArguments()])
      else if (is('?.') && is('(', 1)) {
        at++
        callArguments()
        node = span('call', start, [node])
      } else if (peek().type === 'template') {
        at++
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
      at++
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
        at++
      }
      balanced()
      return span('other', start)
    }
    if (take('true')) return span('true', start)
    if (type === 'name' && WORDS.has(text)) {
      at++
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
    if ((is('get') || is('set') || is('async')) && !is(':', 1) && !is(',', 1) && !is('}', 1) && !is('(', 1)) at++
    const { type } = peek()
    if (take('[')) {
      expression()
      expect(']')
    } else if (type === 'name' || type === 'string' || type === 'number') at++
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
    at++
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
      at++
    } while (depth > 0)
  }
}
