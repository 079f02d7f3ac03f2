// Python expressions to a syntax tree with the node kinds of CPython's ast module.
import { tokenize, type Token } from './lexer.ts'
import type { Comprehension, Keyword, Node } from './node.ts'
import { Bytes, ELLIPSIS, PythonError, type Py } from './value.ts'

const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
)
const WORDS: Record<string, Py> = { None: null, True: true, False: false }
/** Left-associative operators from loose to tight. */
const BINARY = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '@', '/', '%', '//']]
const COMPARISONS = new Set(['<', '>', '==', '>=', '<=', '!=', 'in', 'is'])

/**
 * `ast.parse(source, mode='eval').body`.
 * @throws PythonError with the exception CPython 3.11 raises; nesting too deep for the stack is a RecursionError.
 */
export function parseExpression(source: string): Node {
  try {
    return parseTokens(tokenize(source))
  } catch (error) {
    if (error instanceof RangeError)
      throw new PythonError('RecursionError', 'maximum recursion depth exceeded during compilation')
    throw error
  }
}

function parseTokens(tokens: Token[]): Node {
  let at = 0
  const body = expressions()
  while (peek().type === 'newline') at++
  if (peek().type !== 'end') fail()
  return body

  function peek(ahead = 0): Token {
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
    throw new PythonError('SyntaxError', `invalid syntax at ${JSON.stringify(peek().text)}`)
  }
  function identifier(): string {
    const token = peek()
    if (token.type !== 'name' || KEYWORDS.has(token.text)) fail()
    at++
    return token.text
  }

  /** One expression, or a tuple of several without parentheses. */
  function expressions(item: () => Node = expression): Node {
    const first = item()
    return is(',') ? tupleAfter(first, item) : first
  }
  function tupleAfter(first: Node, item: () => Node): Node {
    const items = [first]
    while (take(',')) {
      if (endsList()) break
      items.push(item())
    }
    return { kind: 'Tuple', items }
  }
  function endsList(): boolean {
    const { type, text } = peek()
    return (
      type === 'newline' ||
      type === 'end' ||
      (type === 'operator' && [')', ']', '}', '='].includes(text)) ||
      (type === 'name' && text === 'in')
    )
  }

  function expression(): Node {
    if (is('lambda')) return lambda()
    const body = disjunction()
    if (!take('if')) return body
    const test = disjunction()
    expect('else')
    return { kind: 'IfExp', test, body, orelse: expression() }
  }
  function namedExpression(): Node {
    if (peek().type === 'name' && is(':=', 1)) {
      const target = identifier()
      expect(':=')
      return { kind: 'NamedExpr', target, value: expression() }
    }
    return expression()
  }
  function starred(): Node {
    return take('*') ? { kind: 'Starred', value: binary(0) } : namedExpression()
  }

  function lambda(): Node {
    expect('lambda')
    const parameters: { prefix: string; name: string; fallback: Node | null }[] = []
    while (!is(':')) {
      const prefix = take('**') ? '**' : take('*') ? '*' : take('/') ? '/' : ''
      const bare = prefix === '/' || (prefix === '*' && is(','))
      const name = bare ? '' : identifier()
      parameters.push({ prefix, name, fallback: prefix === '' && take('=') ? expression() : null })
      if (!take(',')) break
    }
    expect(':')
    return { kind: 'Lambda', parameters, body: expression() }
  }

  function disjunction(): Node {
    return chain('or', conjunction)
  }
  function conjunction(): Node {
    return chain('and', inversion)
  }
  function chain(operator: 'and' | 'or', operand: () => Node): Node {
    const first = operand()
    if (!is(operator)) return first
    const values = [first]
    while (take(operator)) values.push(operand())
    return { kind: 'BoolOp', operator, values }
  }
  function inversion(): Node {
    return take('not') ? { kind: 'UnaryOp', operator: 'not', operand: inversion() } : comparison()
  }
  function comparison(): Node {
    const left = binary(0)
    const operators: string[] = []
    const comparators: Node[] = []
    for (;;) {
      const operator = comparisonOperator()
      if (!operator) break
      operators.push(operator)
      comparators.push(binary(0))
    }
    return operators.length === 0 ? left : { kind: 'Compare', left, operators, comparators }
  }
  function comparisonOperator(): string | null {
    if (is('not') && is('in', 1)) return ((at += 2), 'not in')
    const token = peek()
    if ((token.type !== 'operator' && token.type !== 'name') || !COMPARISONS.has(token.text)) return null
    at++
    return token.text === 'is' && take('not') ? 'is not' : token.text
  }
  function binary(level: number): Node {
    const operators = BINARY[level]
    if (!operators) return factor()
    let left = binary(level + 1)
    for (;;) {
      const { type, text } = peek()
      if (type !== 'operator' || !operators.includes(text)) return left
      at++
      left = { kind: 'BinOp', operator: text, left, right: binary(level + 1) }
    }
  }
  function factor(): Node {
    const { type, text } = peek()
    if (type === 'operator' && (text === '+' || text === '-' || text === '~')) {
      at++
      return { kind: 'UnaryOp', operator: text, operand: factor() }
    }
    const left: Node = take('await') ? { kind: 'Await', value: primary() } : primary()
    return take('**') ? { kind: 'BinOp', operator: '**', left, right: factor() } : left
  }

  function primary(): Node {
    let node = atom()
    for (;;) {
      if (take('.')) node = { kind: 'Attribute', value: node, name: identifier() }
      else if (take('(')) node = call(node)
      else if (take('[')) {
        const index = is(']') ? fail() : expressions(slice)
        node = {
          kind: 'Subscript',
          value: node,
          index: index.kind === 'Starred' ? { kind: 'Tuple', items: [index] } : index,
        }
        expect(']')
      } else return node
    }
  }
  function call(func: Node): Node {
    const args: Node[] = []
    const keywords: Keyword[] = []
    while (!is(')')) {
      if (take('**')) keywords.push({ name: null, value: expression() })
      else if (take('*')) {
        if (keywords.some(({ name }) => name === null)) fail()
        args.push({ kind: 'Starred', value: expression() })
      } else if (peek().type === 'name' && is('=', 1)) {
        const name = identifier()
        expect('=')
        keywords.push({ name, value: expression() })
      } else {
        if (keywords.length > 0) fail()
        const argument = namedExpression()
        if (startsComprehension()) {
          args.push({ kind: 'GeneratorExp', element: argument, generators: comprehensions() })
          if (args.length > 1 || !is(')')) fail()
        } else args.push(argument)
      }
      if (!take(',')) break
    }
    expect(')')
    return { kind: 'Call', func, args, keywords }
  }
  function slice(): Node {
    if (is('*')) return starred()
    const bound = () => (is(':') || is(',') || is(']') ? null : expression())
    const lower = is(':') ? null : namedExpression()
    if (!take(':')) return lower ?? fail()
    const upper = bound()
    return { kind: 'Slice', lower, upper, step: take(':') ? bound() : null }
  }

  function startsComprehension(): boolean {
    return is('for') || (is('async') && is('for', 1))
  }
  function comprehensions(): Comprehension[] {
    const generators: Comprehension[] = []
    while (startsComprehension()) {
      const async = take('async')
      expect('for')
      const target = expressions(targetItem)
      if (!isTarget(target)) fail()
      expect('in')
      const iter = disjunction()
      const conditions: Node[] = []
      while (take('if')) conditions.push(disjunction())
      generators.push({ async, target, iter, conditions })
    }
    return generators
  }
  function targetItem(): Node {
    return take('*') ? { kind: 'Starred', value: binary(0) } : binary(0)
  }

  function atom(): Node {
    const token = peek()
    if (token.type === 'string') return strings()
    if (token.type === 'number') return (at++, { kind: 'Constant', value: token.value })
    if (token.type === 'name') {
      const value = WORDS[token.text]
      if (value !== undefined) return (at++, { kind: 'Constant', value })
      return { kind: 'Name', id: identifier() }
    }
    if (take('...')) return { kind: 'Constant', value: ELLIPSIS }
    if (take('(')) return closing(')', parenthesized)
    if (take('[')) return closing(']', list)
    if (take('{')) return closing('}', braces)
    return fail()
  }
  function closing(bracket: string, read: () => Node): Node {
    const node = read()
    expect(bracket)
    return node
  }
  function strings(): Node {
    const parts: (Token & { type: 'string' })[] = []
    for (let token = peek(); token.type === 'string'; token = peek()) {
      parts.push(token)
      at++
    }
    const bytes = parts.filter(({ value }) => value instanceof Bytes)
    if (bytes.length > 0 && bytes.length < parts.length)
      throw new PythonError('SyntaxError', 'cannot mix bytes and nonbytes literals')
    if (bytes.length > 0)
      return {
        kind: 'Constant',
        value: new Bytes(parts.flatMap(({ value }) => (value instanceof Bytes ? value.bytes : []))),
      }
    if (parts.some(({ format }) => format))
      return { kind: 'JoinedStr', source: parts.map(({ text }) => text).join(' ') }
    const node: Node = { kind: 'Constant', value: parts.map(({ value }) => value).join('') }
    return parts[0]?.unicode ? { ...node, unicode: true } : node
  }
  function parenthesized(): Node {
    if (is(')')) return { kind: 'Tuple', items: [] }
    if (take('yield')) {
      if (take('from')) return { kind: 'YieldFrom', value: expression() }
      return { kind: 'Yield', value: is(')') ? null : expressions(starred) }
    }
    const first = starred()
    if (startsComprehension()) return { kind: 'GeneratorExp', element: plain(first), generators: comprehensions() }
    return is(',') ? tupleAfter(first, starred) : plain(first)
  }
  function list(): Node {
    if (is(']')) return { kind: 'List', items: [] }
    const first = starred()
    if (startsComprehension()) return { kind: 'ListComp', element: plain(first), generators: comprehensions() }
    return { kind: 'List', items: is(',') ? itemsOf(tupleAfter(first, starred)) : [first] }
  }
  function braces(): Node {
    if (is('}')) return { kind: 'Dict', entries: [] }
    const bare = is('*') || is(':=', 1)
    const first = is('**') ? null : starred()
    if (first !== null && (bare || !is(':'))) {
      if (startsComprehension()) return { kind: 'SetComp', element: plain(first), generators: comprehensions() }
      return { kind: 'Set', items: is(',') ? itemsOf(tupleAfter(first, starred)) : [first] }
    }
    return dict(first)
  }
  function dict(firstKey: Node | null): Node {
    const entries: { key: Node | null; value: Node }[] = []
    for (let key = firstKey; ; key = null) {
      if (key === null && take('**')) entries.push({ key, value: binary(0) })
      else {
        key ??= expression()
        expect(':')
        const value = expression()
        if (entries.length === 0 && startsComprehension())
          return { kind: 'DictComp', key, element: value, generators: comprehensions() }
        entries.push({ key, value })
      }
      if (!take(',') || is('}')) return { kind: 'Dict', entries }
    }
  }
  function plain(node: Node): Node {
    return node.kind === 'Starred' ? fail() : node
  }
}

function itemsOf(node: Node): Node[] {
  return node.kind === 'Tuple' ? node.items : [node]
}

function isTarget(node: Node): boolean {
  if (node.kind === 'Starred') return isTarget(node.value)
  if (node.kind === 'Tuple' || node.kind === 'List') return node.items.every(isTarget)
  return node.kind === 'Name' || node.kind === 'Attribute' || node.kind === 'Subscript'
}
