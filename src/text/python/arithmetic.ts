// The value of a constant Python expression: arithmetic on numbers, strings and lists, without names.
import type { Node } from './node.ts'
import { Complex, Dict, equal, float, integer, numeric, PythonError, Tuple, typeName, type Py } from './value.ts'
import { negate, setOf } from '../python.ts'

/** Bits beyond which a result is refused: Python would go on until memory ends. */
const MAX_BITS = 1_000_000
const MAX_ITEMS = 1_000_000

/** `eval` of an expression without names and calls. @throws PythonError as Python would, NameError for a name or call. */
export function evaluate(node: Node): Py {
  switch (node.kind) {
    case 'Constant':
      return node.value
    case 'List':
      return node.items.map(evaluate)
    case 'Tuple':
      return new Tuple(node.items.map(evaluate))
    case 'Set':
      return setOf(node.items.map(evaluate))
    case 'Dict':
      return new Dict(
        node.entries.map(
          ({ key, value }) => [key ? evaluate(key) : refuse('NameError', '**'), evaluate(value)] as const,
        ),
      )
    case 'IfExp':
      return evaluate(isTrue(evaluate(node.test)) ? node.body : node.orelse)
    case 'BoolOp': {
      let value: Py = null
      for (const item of node.values) {
        value = evaluate(item)
        if (isTrue(value) === (node.operator === 'or')) break
      }
      return value
    }
    case 'UnaryOp': {
      const value = evaluate(node.operand)
      if (node.operator === 'not') return !isTrue(value)
      if (node.operator === '-') return negate(value)
      if (node.operator === '+') return negate(negate(value))
      return invert(value)
    }
    case 'BinOp':
      return binary(node.operator, evaluate(node.left), evaluate(node.right))
    default:
      return refuse(
        'NameError',
        node.kind === 'Name' ? `name '${node.id}' is not defined` : `${node.kind} is not constant`,
      )
  }
}

function binary(operator: string, left: Py, right: Py): Py {
  const sequence = onSequences(operator, left, right)
  if (sequence !== undefined) return sequence
  const [a, b] = [numeric(left), numeric(right)]
  const types = `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`
  if (a === undefined || b === undefined) {
    const complex = onComplex(operator, left, right)
    return complex ?? refuse('TypeError', types)
  }
  if (isInt(left) && isInt(right)) {
    const result = onInts(operator, BigInt(a), BigInt(b))
    return result ?? refuse('TypeError', types)
  }
  const result = onFloats(operator, toFloat(a), toFloat(b))
  return result === undefined ? refuse('TypeError', types) : float(result)
}

function onInts(operator: string, a: bigint, b: bigint): Py | undefined {
  switch (operator) {
    case '+':
      return integer(a + b)
    case '-':
      return integer(a - b)
    case '*':
      return integer(a * b)
    case '/': {
      if (b === 0n) refuse('ZeroDivisionError', 'division by zero')
      return float(divide(a, b))
    }
    case '//':
      return integer(floorDivide(a, b))
    case '%':
      return integer(a - floorDivide(a, b) * b)
    case '**':
      if (b < 0n) return float(power(toFloat(integer(a)), toFloat(integer(b))))
      if (bits(a) * b > MAX_BITS && a !== 0n && a !== 1n && a !== -1n) refuse('MemoryError', 'the result is too large')
      return integer(a ** b)
    case '<<':
      if (b < 0n) refuse('ValueError', 'negative shift count')
      if (bits(a) + b > MAX_BITS && a !== 0n) refuse('MemoryError', 'the result is too large')
      return integer(a << b)
    case '>>':
      if (b < 0n) refuse('ValueError', 'negative shift count')
      return integer(a >> b)
    case '&':
      return integer(a & b)
    case '|':
      return integer(a | b)
    case '^':
      return integer(a ^ b)
    default:
      return undefined
  }
}

function onFloats(operator: string, a: number, b: number): number | undefined {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? refuse('ZeroDivisionError', 'float division by zero') : a / b
    case '//':
      return floorDivideFloats(a, b)
    case '%':
      return modulo(a, b)
    case '**':
      return power(a, b)
    default:
      return undefined
  }
}

/** Concatenation and repetition; undefined where neither applies. */
function onSequences(operator: string, left: Py, right: Py): Py | undefined {
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right
    if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
  }
  if (operator === '*') return repeat(left, right) ?? repeat(right, left)
  return undefined
}

function repeat(items: Py, times: Py): Py | undefined {
  const list = items instanceof Tuple ? items.items : items
  if ((typeof list !== 'string' && !Array.isArray(list)) || !isInt(times)) return undefined
  const count = Math.max(0, Number(numeric(times)))
  if (count * list.length > MAX_ITEMS) refuse('MemoryError', 'the result is too large')
  if (typeof list === 'string') return list.repeat(count)
  const repeated = Array.from({ length: count }, () => list).flat()
  return items instanceof Tuple ? new Tuple(repeated) : repeated
}

function onComplex(operator: string, left: Py, right: Py): Py | undefined {
  const [a, b] = [asComplex(left), asComplex(right)]
  if (!a || !b) return undefined
  switch (operator) {
    case '+':
      return new Complex(a.real + b.real, a.imag + b.imag)
    case '-':
      return new Complex(a.real - b.real, a.imag - b.imag)
    case '*':
      return new Complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)
    default:
      return refuse('TypeError', `no ${operator} of complex numbers`)
  }
}

function asComplex(value: Py): Complex | undefined {
  if (value instanceof Complex) return value
  const real = numeric(value)
  return real === undefined ? undefined : new Complex(toFloat(real), 0)
}

function isInt(value: Py): boolean {
  return typeName(value) === 'int' || typeof value === 'boolean'
}

function isTrue(value: Py): boolean {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return false
  if (value instanceof Dict) return value.size > 0
  if (value instanceof Tuple) return value.items.length > 0
  return !equal(value, 0)
}

function invert(value: Py): Py {
  return isInt(value)
    ? integer(-BigInt(numeric(value)!) - 1n)
    : refuse('TypeError', `bad operand type for unary ~: '${typeName(value)}'`)
}

function toFloat(value: number | bigint): number {
  const result = Number(value)
  return typeof value === 'bigint' && !Number.isFinite(result)
    ? refuse('OverflowError', 'int too large to convert to float')
    : result
}

/** Quotient of two integers, rounded once. */
function divide(a: bigint, b: bigint): number {
  if (bits(a) <= 53n && bits(b) <= 53n) return Number(a) / Number(b)
  const shift = 66n - (bits(a) - bits(b))
  const [top, bottom] = shift > 0n ? [a << shift, b] : [a, b << -shift]
  const quotient = top / bottom
  // A remainder only decides ties: it is kept as one more low bit.
  const sticky = quotient * bottom === top ? quotient << 1n : (quotient << 1n) | 1n
  const result = Number(sticky) * 2 ** Number(-shift - 1n)
  return Number.isFinite(result) ? result : refuse('OverflowError', 'integer division result too large for a float')
}

function floorDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) refuse('ZeroDivisionError', 'integer division or modulo by zero')
  const quotient = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient
}

/** float.__mod__: the remainder has the sign of the divisor. */
function modulo(a: number, b: number): number {
  if (b === 0) refuse('ZeroDivisionError', 'float modulo')
  const remainder = a % b
  if (remainder === 0) return b < 0 ? -0 : 0
  return remainder < 0 !== b < 0 ? remainder + b : remainder
}

/** float.__floordiv__: by way of the remainder, rounded to the nearest whole. */
function floorDivideFloats(a: number, b: number): number {
  const remainder = modulo(a, b)
  const quotient = (a - remainder) / b
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0
  const floor = Math.floor(quotient)
  return quotient - floor > 0.5 ? floor + 1 : floor
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) refuse('ZeroDivisionError', '0.0 cannot be raised to a negative power')
  if (a < 0 && Number.isFinite(a) && !Number.isInteger(b)) refuse('TypeError', 'a complex power')
  if (a === 1 || b === 0) return 1
  const result = a ** b
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) refuse('OverflowError', 'Result too large')
  return result
}

function bits(value: bigint): bigint {
  return BigInt((value < 0n ? -value : value).toString(2).length)
}

function refuse(type: string, message: string): never {
  throw new PythonError(type, message)
}
