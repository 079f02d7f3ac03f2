// Python call expressions → BFCL's decoded calls [{name: {argument: value}}], value by value as its AST decoder resolves them.
import { evaluate } from '../../text/python/arithmetic.ts'
import { unparse } from '../../text/python/source.ts'
import type { Node } from '../../text/python/node.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import { strip, stripOf } from '../../text/python/text.ts'
import { Dict, ELLIPSIS, PythonError, Tuple, type Py } from '../../text/python/value.ts'
import { negate } from '../../text/python.ts'

/** @throws PythonError for everything that the original refuses to decode. */
export function decodePythonCalls(text: string): Py[] {
  const body = parseExpression(stripOf(strip(text), "'"))
  return body.kind === 'Call' ? [resolveCall(body, unparse)] : resolveCalls(body, unparse)
}

/** A value that is a call without keyword arguments: its source for BFCL, an empty call for ACEBench. */
export type BareCall = (call: Node & { kind: 'Call' }) => Py

/** The calls of a list, tuple or set. @throws PythonError where the node is none or holds anything else. */
function resolveCalls(body: Node, bareCall: BareCall): Py[] {
  if (body.kind !== 'List' && body.kind !== 'Tuple' && body.kind !== 'Set')
    throw new PythonError('AttributeError', 'no list of calls')
  return body.items.map((item) => {
    if (item.kind !== 'Call') throw new PythonError('AssertionError', 'an item of the list is no call')
    return resolveCall(item, bareCall)
  })
}

/** Positional arguments are dropped; `**value` stands under the key None; of equal keywords the last counts. */
export function resolveCall({ func, keywords }: Node & { kind: 'Call' }, bareCall: BareCall): Dict {
  const path: string[] = []
  let node = func
  for (; node.kind === 'Attribute'; node = node.value) path.unshift(node.name)
  if (node.kind === 'Name') path.unshift(node.id)
  return new Dict([
    [path.join('.'), new Dict(keywords.map(({ name, value }) => [name, resolve(value, bareCall)] as const))],
  ])
}

function resolve(node: Node, bareCall: BareCall): Py {
  const inner = (item: Node) => resolve(item, bareCall)
  switch (node.kind) {
    case 'Constant':
      return node.value === ELLIPSIS ? '...' : node.value
    case 'UnaryOp':
      // Whatever the operator is: +5 becomes -5, and so does ~5.
      if (node.operand.kind !== 'Constant') throw new PythonError('TypeError', 'no sign of this')
      return negate(node.operand.value)
    case 'List':
      return node.items.map(inner)
    case 'Tuple':
      return new Tuple(node.items.map(inner))
    case 'Dict':
      return new Dict(
        node.entries.map(({ key, value }) => [key ? inner(key) : unsupported('None'), inner(value)] as const),
      )
    case 'BinOp':
      return evaluate(node)
    case 'Name':
      return node.id
    case 'Call':
      return node.keywords.length === 0 ? bareCall(node) : resolveCall(node, bareCall)
    case 'Subscript':
      return `${unparse(node.value)}[${unparse(node.index)}]`
    default:
      return unsupported(node.kind)
  }
}

function unsupported(kind: string): never {
  throw new PythonError('Exception', `Unsupported AST type: ${kind}`)
}
