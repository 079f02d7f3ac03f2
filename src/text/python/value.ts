// Python's values where JSON has no word for them, with Python's equality, spelling and type names.
import { Float } from '../json.ts'

/** A Python value. Numbers as in json.ts: a safe integer is an int, bigint an int beyond, everything else a float. */
export type Py =
  null | boolean | number | bigint | string | Float | Py[] | Dict | Tuple | PySet | Bytes | Complex | typeof ELLIPSIS

/** Python's `...`. */
export const ELLIPSIS: unique symbol = Symbol('Ellipsis')

export class Tuple {
  readonly items: Py[]
  constructor(items: Py[]) {
    this.items = items
  }
}

/** A set, in the order of first appearance: CPython's own order depends on hashes. */
export class PySet {
  readonly items: Py[]
  constructor(items: Py[]) {
    this.items = items
  }
}

export class Bytes {
  readonly bytes: number[]
  constructor(bytes: number[]) {
    this.bytes = bytes
  }
}

export class Complex {
  readonly real: number
  readonly imag: number
  constructor(real: number, imag: number) {
    this.real = real
    this.imag = imag
  }
}

/** A dict: insertion order, keys compared as Python compares them (1, 1.0 and True are one key). */
export class Dict {
  private readonly slots = new Map<string, [Py, Py]>()

  constructor(entries: Iterable<readonly [Py, Py]> = []) {
    for (const [key, value] of entries) this.set(key, value)
  }

  get size(): number {
    return this.slots.size
  }

  get(key: Py): Py | undefined {
    return this.slots.get(hashKey(key))?.[1]
  }

  has(key: Py): boolean {
    return this.slots.has(hashKey(key))
  }

  /** @throws PythonError TypeError where the key is a list, dict or set. */
  set(key: Py, value: Py): void {
    const hash = hashKey(key)
    const slot = this.slots.get(hash)
    if (slot) slot[1] = value
    else this.slots.set(hash, [key, value])
  }

  entries(): IterableIterator<[Py, Py]> {
    return this.slots.values()
  }

  *keys(): Generator<Py> {
    for (const [key] of this.slots.values()) yield key
  }
}

/** What Python would have raised; `type` is the exception's class name. */
export class PythonError extends Error {
  readonly type: string
  constructor(type: string, message: string) {
    super(message)
    this.name = 'PythonError'
    this.type = type
  }
}

/** A float of Python with this value. */
export function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value
}

/** An int of Python with this value. */
export function integer(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/** `type(value).__name__`. */
export function typeName(value: Py): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'string') return 'str'
  if (value === ELLIPSIS) return 'ellipsis'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Dict) return 'dict'
  if (value instanceof Float) return 'float'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof PySet) return 'set'
  return value instanceof Bytes ? 'bytes' : 'complex'
}

/** Python's `a == b`. */
export function equal(a: Py, b: Py): boolean {
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined || right !== undefined) {
    // JavaScript compares number and bigint by exact value, as Python does.
    if (left !== undefined && right !== undefined) return left == right
    return a instanceof Complex
      ? a.imag === 0 && a.real == right
      : b instanceof Complex && b.imag === 0 && b.real == left
  }
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items)
  if (a instanceof Dict) {
    if (!(b instanceof Dict) || a.size !== b.size) return false
    for (const [key, value] of a.entries()) {
      const other = b.get(key)
      if (other === undefined || !equal(value, other)) return false
    }
    return true
  }
  if (a instanceof PySet)
    return b instanceof PySet && a.items.length === b.items.length && a.items.every((item) => includes(b.items, item))
  if (a instanceof Bytes)
    return b instanceof Bytes && a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i])
  if (a instanceof Complex) return b instanceof Complex && a.real === b.real && a.imag === b.imag
  return a === b
}

/** Python's `value in items`, for values made apart from each other (a NaN is in no list). */
export function includes(items: Iterable<Py>, value: Py): boolean {
  for (const item of items) if (equal(item, value)) return true
  return false
}

/** The value of an int, float or bool as a JavaScript number or bigint; undefined for anything else. */
export function numeric(value: Py): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (typeof value === 'boolean') return Number(value)
  return value instanceof Float ? value.value : undefined
}

let nanKeys = 0

function hashKey(key: Py): string {
  if (typeof key === 'string') return `s${key}`
  const value = numeric(key)
  if (value !== undefined)
    return Number.isNaN(value)
      ? `nan${nanKeys++}`
      : `n${typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value}`
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashKey))}`
  if (key instanceof Complex) return key.imag === 0 ? hashKey(float(key.real)) : `c${key.real},${key.imag}`
  if (Array.isArray(key) || key instanceof Dict || key instanceof PySet)
    throw new PythonError('TypeError', `unhashable type: '${typeName(key)}'`)
  return key instanceof Bytes ? `b${key.bytes.join()}` : key === null ? 'none' : 'ellipsis'
}

function sameItems(a: Py[], b: Py[]): boolean {
  return a.length === b.length && a.every((item, i) => equal(item, b[i]!))
}
