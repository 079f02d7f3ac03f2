// Parentheses, lists, sets and dicts of Python, and the comprehensions that may stand in them ("displays" in its grammar).
import type { Cursor } from './cursor.ts'
import type { Comprehension, Node } from './node.ts'

/** What displays hold; each reads one piece at the cursor. */
export interface Grammar {
  expression(): Node
  disjunction(): Node
  /** An operand of `|`, or of what binds tighter. */
  operand(): Node
  starred(): Node
  /** One piece, or a tuple of several without parentheses. */
  expressions(item?: () => Node): Node
  tupleAfter(first: Node, item: () => Node): Node
}

export function displaysOf(cursor: Cursor, grammar: Grammar) {
  const { is, take, expect, fail } = cursor
  const { expression, disjunction, operand, starred, expressions, tupleAfter } = grammar
  return { parenthesized, list, braces, startsComprehension, comprehensions }

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
    return take('*') ? { kind: 'Starred', value: operand() } : operand()
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
      if (key === null && take('**')) entries.push({ key, value: operand() })
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
