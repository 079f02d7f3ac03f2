// Java statements and expressions → a tree of what BFCL's decoder asks for, repaired where tree-sitter repairs.
import { cursorOver } from './source-cursor.ts'
import { JAVA_TOKENS, tokenizeSource } from './source-tokens.ts'

export interface Leaf {
  kind: 'leaf' | 'name' | 'quoted' | 'class'
  start: number
  end: number
}
export interface Call {
  kind: 'call'
  start: number
  end: number
  object: Node | null
  name: Leaf
  items: Node[]
}
export type Node =
  | Leaf
  | Call
  | { kind: 'group' | 'assignment'; start: number; end: number; items: Node[] }
  | { kind: 'array'; start: number; end: number; type: Node; value: Node | null }
  | { kind: 'object'; start: number; end: number; type: Node; items: Node[] }

const KEYWORDS = new Set(
  'abstract assert boolean break byte case catch char class const continue default do double else enum extends false final finally float for goto if implements import instanceof int interface long native new null package private protected public return short static strictfp super switch synchronized this throw throws transient true try void volatile while'.split(
    ' ',
  ),
)
const PRIMITIVES = new Set(['boolean', 'byte', 'char', 'double', 'float', 'int', 'long', 'short'])
const WORDS = new Set(['true', 'false', 'null', 'this', 'super'])
const BINARY = new Set(['+', '-', '*', '/', '%', '&', '|', '^', '&&', '||', '==', '!=', '<', '>', '<=', '>='])
const ASSIGNMENT = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^='])
const PREFIX = new Set(['+', '-', '!', '~', '++', '--'])
/** Keywords that may begin an expression: the others are read as names there, as tree-sitter reads them. */
const IN_EXPRESSIONS = new Set(['new', 'this', 'super', 'true', 'false', 'null', 'switch', 'void', 'instanceof'])
/** Up to this length tree-sitter finds it cheaper to drop a statement than to add its missing semicolon. */
const SHORTEST_WITHOUT_SEMICOLON = 11

/** The statements of a source. @throws SourceError where tree-sitter's tree would hold an error. */
export function parseJava(source: string): Node[] {
  const { peek, last, is, take, skip, fail, attempt } = cursorOver(tokenizeSource(source, JAVA_TOKENS))
  const statements: Node[] = []
  while (peek().type !== 'end') {
    if (take(';')) continue
    const found = statement()
    statements.push(found)
    if (!take(';') && !endsWithout(found)) fail()
  }
  return statements

  /** A missing semicolon is added at the end of a line, of the source, and beside a string. */
  function endsWithout({ kind, start, end }: Node): boolean {
    if (source[end - 1] === '}') return true
    const besideString = peek().type === 'string' || last()?.type === 'string'
    const isDeclaration = besideString && last(2)?.type === 'name'
    const ends =
      peek().type === 'end' ||
      peek().startsLine ||
      (besideString && (isDeclaration || kind === 'quoted' || kind === 'object'))
    return ends && (isDeclaration || end - start >= SHORTEST_WITHOUT_SEMICOLON)
  }
  function expect(text: string): Leaf {
    return is(text) ? leaf() : fail()
  }
  function leaf(kind: Leaf['kind'] = 'leaf'): Leaf {
    const { start, end } = peek()
    skip()
    return { kind, start, end }
  }
  function isName(ahead = 0): boolean {
    const { type, text } = peek(ahead)
    return type === 'name' && !IN_EXPRESSIONS.has(text) && !PRIMITIVES.has(text)
  }
  function name(): Leaf {
    return isName() ? leaf('name') : fail()
  }
  function group(items: Node[]): Node {
    return { kind: 'group', start: items[0]!.start, end: items.at(-1)!.end, items }
  }

  function statement(): Node {
    if (isName() && is(':', 1)) return group([leaf(), leaf(), statement()])
    if (is('{')) return block()
    // An array access without its array is repaired with an empty name.
    if (is('[')) return group([leaf(), expression(), expect(']')])
    if (is('return')) return group([leaf(), expression()])
    if (
      KEYWORDS.has(peek().text) &&
      !IN_EXPRESSIONS.has(peek().text) &&
      !PRIMITIVES.has(peek().text) &&
      peek().text !== 'const'
    )
      fail()
    const declaration = attempt(() => {
      const items = [type(), name()]
      return group(is('=') ? [...items, leaf(), expression()] : items)
    })
    return declaration ?? expression()
  }

  function block(): Node {
    const items: Node[] = [expect('{')]
    while (!is('}')) {
      if (is(';')) items.push(leaf())
      else items.push(statement())
    }
    return group([...items, expect('}')])
  }

  function expression(): Node {
    const lambda = attempt(lambdaExpression)
    if (lambda) return lambda
    const left = ternary()
    if (peek().type !== 'operator' || !ASSIGNMENT.has(peek().text)) return left
    const last = left.kind === 'group' ? left.items.at(-1) : undefined
    const isTarget = left.kind === 'name' || (left.kind === 'group' && isAccess(left.items))
    if (!isTarget && last?.kind !== 'name') fail()
    const items = [left, leaf(), expression()]
    // In `a / b = c` the assignment is an operand of the division.
    return isTarget ? { kind: 'assignment', start: left.start, end: items.at(-1)!.end, items } : group(items)
  }
  /** `a.b` or `a[b]`. */
  function isAccess(items: Node[]): boolean {
    const [, operator, , ...rest] = items
    const mark = operator && source.slice(operator.start, operator.end)
    return (mark === '.' && rest.length === 0) || mark === '['
  }

  function lambdaExpression(): Node {
    const items: Node[] = []
    if (isName() && is('->', 1)) items.push(leaf('name'))
    else {
      items.push(expect('('))
      while (!is(')')) {
        if (isName() && (is(',', 1) || is(')', 1))) items.push(leaf('name'))
        else items.push(type(), name())
        if (!is(',')) break
        items.push(leaf())
      }
      items.push(expect(')'))
    }
    items.push(expect('->'))
    items.push(is('{') ? balanced() : expression())
    return group(items)
  }

  function ternary(): Node {
    const test = binary()
    if (!is('?')) return test
    return group([test, leaf(), expression(), expect(':'), expression()])
  }
  function binary(): Node {
    const items = [unary()]
    for (;;) {
      if (is('instanceof')) items.push(leaf(), type())
      else if (peek().type === 'operator' && BINARY.has(peek().text)) {
        items.push(leaf())
        // Shifts arrive as single angle brackets, so that `>>` can close two type argument lists.
        while (is('<') || is('>')) items.push(leaf())
        items.push(unary())
      } else return items.length === 1 ? items[0]! : group(items)
    }
  }
  function unary(): Node {
    if (peek().type === 'operator' && PREFIX.has(peek().text)) return group([leaf(), unary()])
    const cast = is('(') ? attempt(castExpression) : undefined
    return cast ?? postfix()
  }
  function castExpression(): Node {
    const open = expect('(')
    const primitive = PRIMITIVES.has(peek().text)
    const target = type()
    const close = expect(')')
    const next = peek()
    const startsOperand =
      ['name', 'number', 'string', 'character'].includes(next.type) ||
      is('(') ||
      is('!') ||
      is('~') ||
      (primitive && (is('+') || is('-')))
    if (!startsOperand || is('instanceof')) fail()
    return group([open, target, close, unary()])
  }

  function postfix(): Node {
    let node = primary()
    for (;;) {
      if (is('.')) node = member(node)
      else if (is('[')) node = group([node, leaf(), expression(), expect(']')])
      else if (is('::')) node = group([node, leaf(), ...(is('<') ? typeArguments() : []), is('new') ? leaf() : name()])
      else if (is('++') || is('--')) node = group([node, leaf()])
      else return node
    }
  }
  function member(object: Node): Node {
    const dot = leaf()
    if (is('class')) return { kind: 'class', start: object.start, end: leaf().end }
    if (is('new')) return group([object, dot, creation()])
    if (is('this') || is('super')) return group([object, dot, leaf()])
    if (is('<')) typeArguments()
    const field = name()
    return is('(') ? call(object, field) : group([object, dot, field])
  }
  function call(object: Node | null, called: Leaf): Node {
    expect('(')
    const items = list(')')
    const { end } = expect(')')
    return { kind: 'call', start: object?.start ?? called.start, end, object, name: called, items }
  }
  function list(closer: string): Node[] {
    const items: Node[] = []
    if (is(closer)) return items
    do {
      // After a last comma an empty name is added.
      const { end } = last()!
      items.push(is(closer) && items.length > 0 ? { kind: 'name', start: end, end } : expression())
    } while (take(','))
    return items
  }

  function primary(): Node {
    const token = peek()
    if (token.type === 'string' || token.type === 'character') return leaf('quoted')
    if (token.type === 'number') return leaf()
    if (is('new')) return creation()
    if (is('(')) return group([leaf(), expression(), expect(')')])
    if (WORDS.has(token.text)) return leaf()
    if (PRIMITIVES.has(token.text) || (isName() && (is('<', 1) || is('[', 1)))) {
      const reference = attempt(() => {
        const items = [type(), is('::') ? leaf() : expect('.')]
        return group([...items, is('new') || is('class') ? leaf() : name()])
      })
      if (reference) return reference
    }
    const first = name()
    return is('(') ? call(null, first) : first
  }

  function creation(): Node {
    const { start } = expect('new')
    const created = type({ dimensions: false })
    if (is('[')) {
      let end = start
      while (is('[')) {
        leaf()
        if (!is(']')) expression()
        end = expect(']').end
      }
      const value = is('{') ? initializer() : null
      return { kind: 'array', start, end: value?.end ?? end, type: created, value }
    }
    expect('(')
    const items = list(')')
    let { end } = expect(')')
    if (is('{')) end = balanced().end
    return { kind: 'object', start, end, type: created, items }
  }
  function initializer(): Node {
    const items: Node[] = [expect('{')]
    while (!is('}')) {
      items.push(is('{') ? initializer() : expression())
      if (!is(',')) break
      items.push(leaf())
    }
    items.push(expect('}'))
    return group(items)
  }
  /** A body in braces, taken as it stands. */
  function balanced(): Node {
    const { start } = expect('{')
    for (let depth = 1; depth > 0; skip()) {
      if (peek().type === 'end') fail()
      if (is('{')) depth++
      if (is('}')) depth--
    }
    return { kind: 'leaf', start, end: last()!.end }
  }

  function type({ dimensions = true } = {}): Node {
    const items: Node[] = []
    if (PRIMITIVES.has(peek().text) || is('void')) items.push(leaf())
    else {
      items.push(name())
      for (;;) {
        if (is('<')) items.push(...typeArguments())
        else if (is('.') && isName(1)) items.push(leaf(), leaf('name'))
        else break
      }
    }
    while (dimensions && is('[') && is(']', 1)) items.push(leaf(), leaf())
    return group(items)
  }
  function typeArguments(): Node[] {
    const items: Node[] = [expect('<')]
    while (!is('>')) {
      if (is('?')) {
        items.push(leaf())
        if (is('extends') || is('super')) items.push(leaf(), type())
      } else items.push(type())
      if (!is(',')) break
      items.push(leaf())
    }
    items.push(expect('>'))
    return items
  }
}
