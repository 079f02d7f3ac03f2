// Python expressions to a syntax tree with the node kinds of CPython's ast module.
import { cursorOf } from './cursor.ts'
import { displaysOf } from './displays.ts'
import { tokenize, type Token } from './lexer.ts'
import type { Keyword, Node } from './node.ts'
import { joinStrings, type StringToken } from './strings.ts'
import { ELLIPSIS, PythonError, type Py } from './value.ts'

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

function parseTokens(tokens: readonly Token[]): Node {
  const cursor = cursorOf(tokens)
  const { peek, skip, is, take, expect, identifier, fail } = cursor
  const operand = () => binary(0)
  const grammar = { expression, disjunction, operand, starred, expressions, tupleAfter }
  const { parenthesized, list, braces, startsComprehension, comprehensions } = displaysOf(cursor, grammar)
  const body = expressions()
  while (peek().type === 'newline') skip()
  if (peek().type !== 'end') fail()
  return body

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
    return take('*') ? { kind: 'Starred', value: operand() } : namedExpression()
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
    const left = operand()
    const operators: string[] = []
    const comparators: Node[] = []
    for (;;) {
      const operator = comparisonOperator()
      if (!operator) break
      operators.push(operator)
      comparators.push(operand())
    }
    return operators.length === 0 ? left : { kind: 'Compare', left, operators, comparators }
  }
  function comparisonOperator(): string | null {
    if (is('not') && is('in', 1)) return (skip(), skip(), 'not in')
    const token = peek()
    if ((token.type !== 'operator' && token.type !== 'name') || !COMPARISONS.has(token.text)) return null
    skip()
    return token.text === 'is' && take('not') ? 'is not' : token.text
  }
  function binary(level: number): Node {
    const operators = BINARY[level]
    if (!operators) return factor()
    let left = binary(level + 1)
    for (;;) {
      const { type, text } = peek()
      if (type !== 'operator' || !operators.includes(text)) return left
      skip()
      left = { kind: 'BinOp', operator: text, left, right: binary(level + 1) }
    }
  }
  function factor(): Node {
    const { type, text } = peek()
    if (type === 'operator' && (text === '+' || text === '-' || text === '~')) {
      skip()
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

  function atom(): Node {
    const token = peek()
    if (token.type === 'string') return joinStrings(stringsHere())
    if (token.type === 'number') return (skip(), { kind: 'Constant', value: token.value })
    if (token.type === 'name') {
      const value = WORDS[token.text]
      if (value !== undefined) return (skip(), { kind: 'Constant', value })
      return { kind: 'Name', id: identifier() }
    }
    if (take('...')) return { kind: 'Constant', value: ELLIPSIS }
    if (take('(')) return closing(')', parenthesized)
    if (take('[')) return closing(']', list)
    if (take('{')) return closing('}', braces)
    return fail()
  }
  function stringsHere(): StringToken[] {
    const parts: StringToken[] = []
    for (let token = peek(); token.type === 'string'; token = peek()) {
      parts.push(token)
      skip()
    }
    return parts
  }
  function closing(bracket: string, read: () => Node): Node {
    const node = read()
    expect(bracket)
    return node
  }
}
