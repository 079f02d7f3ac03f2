// Python's literals and call expressions as data: ast.literal_eval, and the arithmetic that a constant expression may hold.
import {
  Bytes,
  Complex,
  Dict,
  ELLIPSIS,
  float,
  integer,
  PySet,
  PythonError,
  Tuple,
  typeName,
  type Py,
} from './python/value.ts'
import type { Node } from './python/node.ts'
import { parseExpression } from './python/syntax.ts'
import { Float } from './json.ts'

/**
 * `ast.literal_eval(text)`.
 * @throws PythonError with the exception's class name: SyntaxError, ValueError for anything but literals, TypeError for an unhashable key.
 */
export function literalEval(text: string): Py {
  try {
    return literal(parseExpression(text.replace(/^[ \t]+/, '')))
  } catch (error) {
    if (error instanceof RangeError) throw new PythonError('RecursionError', 'maximum recursion depth exceeded')
    throw error
  }
}

/** The value of a node that holds literals only. @throws PythonError ValueError, TypeError. */
export function literal(node: Node): Py {
  switch (node.kind) {
    case 'Constant':
      return node.value
    case 'Tuple':
      return new Tuple(node.items.map(literal))
    case 'List':
      return node.items.map(literal)
    case 'Set':
      return setOf(node.items.map(literal))
    case 'Dict':
      return new Dict(node.entries.map(({ key, value }) => [key ? literal(key) : malformed(), literal(value)] as const))
    case 'Call':
      return node.func.kind === 'Name' && node.func.id === 'set' && node.args.length + node.keywords.length === 0
        ? new PySet([])
        : malformed()
    case 'BinOp': {
      const left = signedNumber(node.left)
      const right = unsignedNumber(node.right)
      if ((node.operator !== '+' && node.operator !== '-') || left instanceof Complex || !(right instanceof Complex))
        return malformed()
      const sign = node.operator === '+' ? 1 : -1
      return new Complex(Number(left instanceof Float ? left.value : left) + sign * right.real, sign * right.imag)
    }
    default:
      return signedNumber(node)
  }
}

/** The members of a set in order of first appearance. @throws PythonError TypeError for an unhashable one. */
export function setOf(items: Py[]): PySet {
  return new PySet([...new Dict(items.map((item) => [item, null] as const)).keys()])
}

/** `-value` of Python. @throws PythonError TypeError for what has no sign. */
export function negate(value: Py): Py {
  if (typeof value === 'bigint') return integer(-value)
  if (typeof value === 'boolean') return value ? -1 : 0
  if (typeof value === 'number') return value === 0 ? 0 : -value
  if (value instanceof Float) return float(-value.value)
  if (value instanceof Complex) return new Complex(-value.real, -value.imag)
  throw new PythonError('TypeError', `bad operand type for unary -: '${typeName(value)}'`)
}

function signedNumber(node: Node): Py {
  if (node.kind !== 'UnaryOp' || (node.operator !== '+' && node.operator !== '-')) return unsignedNumber(node)
  const operand = unsignedNumber(node.operand)
  return node.operator === '+' ? operand : negate(operand)
}

function unsignedNumber(
  node: Node,
): Exclude<Py, null | boolean | string | Py[] | Dict | Tuple | PySet | Bytes | typeof ELLIPSIS> {
  if (node.kind !== 'Constant') return malformed()
  const { value } = node
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Float || value instanceof Complex
    ? value
    : malformed()
}

function malformed(): never {
  throw new PythonError('ValueError', 'malformed node or string')
}
