// Reads, writes and compares JSON as Python does: 5 and 5.0, true, 2^60+1, NaN and lone surrogates keep their identity.

/** An integer-valued Python float (5.0, 1e3, -0.0). Other floats, NaN and the infinities among them, are plain numbers. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export type JsonObject = { [key: string]: Json }
/**
 * A JSON value as Python reads it. A safe integer `number` is a Python int, any other number a float; a `bigint` is an
 * int outside ±(2^53-1); a `Float` is a float with an integer value. Objects keep Python's key order under `keysOf`.
 */
export type Json = null | boolean | number | bigint | string | Float | Json[] | JsonObject

/** The exceptions of Python's json.loads: not JSON, nested too deep, an integer of more digits than int() takes. */
export type JsonFault = 'JSONDecodeError' | 'RecursionError' | 'ValueError'

export class JsonError extends Error {
  readonly fault: JsonFault
  /** UTF-16 index into the text at which reading stopped. */
  readonly offset: number
  constructor(fault: JsonFault, message: string, offset: number) {
    super(message)
    this.name = 'JsonError'
    this.fault = fault
    this.offset = offset
  }
}

/** CPython 3.11 gives up at its default recursion limit of 1000 frames, of which a caller uses a few. */
export const MAX_DEPTH = 990
/** CPython 3.11's sys.int_info.default_max_str_digits. */
const MAX_DIGITS = 4300

/**
 * Reads one JSON text as Python's json.loads does (NaN and Infinity accepted, last of duplicate keys wins).
 * Throws JsonError. Time and memory are linear in the text; nesting beyond MAX_DEPTH is a fault.
 */
export function parseJson(text: string): Json {
  if (!TRAP.test(text) && isShallow(text)) {
    try {
      return JSON.parse(text)
    } catch {
      // Either malformed or one of Python's extra literals: the exact reader says which, and where.
    }
  }
  return readExactly(text)
}

/**
 * True for what JSON.parse would read differently from Python: exponents, long digit runs, -0, fractions that may be whole
 * or lose their last digit, and keys that a JavaScript object would reorder. A match inside a string only costs time.
 */
const TRAP = /\d[eE]|\d{16}|-0(?![.\d])|\d\.(?=\d)(?!\d{0,6}[1-9](?!\d))|\d{8}\.\d|"(?:\d|\\u003)[^"]*"\s*:/

/** Nesting of depth d needs 2d characters, so most texts need no count. */
function isShallow(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return true
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c) i++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) return false
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return true
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
const CONSTANTS = {
  NaN: NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
  true: true,
  false: false,
  null: null,
} as const

/** Python's key order of the objects in which a JavaScript object would put integer-like keys first. */
const keyOrder = new WeakMap<JsonObject, string[]>()

/** The keys of an object in the order Python's dict has them. */
export function keysOf(object: JsonObject): string[] {
  return keyOrder.get(object) ?? Object.keys(object)
}

/** True for a JSON object (neither an array nor a Float). */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float)
}

function readExactly(text: string): Json {
  let at = 0
  const value = readValue(0)
  skipSpace()
  if (at < text.length) fail('text after the JSON value')
  return value

  function fail(message: string, fault: JsonFault = 'JSONDecodeError'): never {
    throw new JsonError(fault, message, at)
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      at++
    }
  }

  function readValue(depth: number): Json {
    skipSpace()
    const first = text[at]
    if (first === '"') return readString()
    if (first === '{' || first === '[') {
      if (depth >= MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH}`, 'RecursionError')
      at++
      return first === '{' ? readObject(depth + 1) : readArray(depth + 1)
    }
    NUMBER.lastIndex = at
    const number = NUMBER.exec(text)
    if (number) return readNumber(number[0], number[1] !== undefined || number[2] !== undefined)
    for (const [word, value] of Object.entries(CONSTANTS)) {
      if (text.startsWith(word, at)) {
        at += word.length
        return value
      }
    }
    return fail(
      first === undefined
        ? 'the text ends where a value should be'
        : `a value cannot start with ${JSON.stringify(first)}`,
    )
  }

  function readNumber(token: string, isFloat: boolean): Json {
    if (!isFloat && token.length - (token[0] === '-' ? 1 : 0) > MAX_DIGITS)
      fail(`an integer of more than ${MAX_DIGITS} digits`, 'ValueError')
    at += token.length
    const value = Number(token)
    if (isFloat) return Number.isInteger(value) ? new Float(value) : value
    return Number.isSafeInteger(value) ? value + 0 : BigInt(token)
  }

  function readString(): string {
    const start = at + 1
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === 0x22) {
        at = i + 1
        return text.slice(start, i)
      }
      if (code === 0x5c || code < 0x20) return readEscapedString(start, i)
    }
    return fail('a string without an end')
  }

  function readEscapedString(start: number, from: number): string {
    let end = from
    while (end < text.length && text.charCodeAt(end) !== 0x22) {
      if (text.charCodeAt(end) === 0x5c) end = end + 2
      else end++
    }
    if (end >= text.length) fail('a string without an end')
    try {
      const value: string = JSON.parse(text.slice(start - 1, end + 1))
      at = end + 1
      return value
    } catch {
      return fail('a string with a bad escape or a raw control character')
    }
  }

  function readArray(depth: number): Json[] {
    const items: Json[] = []
    skipSpace()
    if (text[at] === ']') return (at++, items)
    for (;;) {
      items.push(readValue(depth))
      skipSpace()
      const next = text[at++]
      if (next === ']') return items
      if (next !== ',') (at--, fail('expected , or ] in an array'))
    }
  }

  function readObject(depth: number): JsonObject {
    const object: JsonObject = {}
    const keys = new Set<string>()
    let reordered = false
    skipSpace()
    if (text[at] === '}') return (at++, object)
    for (;;) {
      skipSpace()
      if (text[at] !== '"') fail('expected a key in double quotes')
      const key = readString()
      skipSpace()
      if (text[at++] !== ':') (at--, fail('expected : after a key'))
      setKey(object, key, readValue(depth))
      keys.add(key)
      reordered ||= /^\d+$/.test(key)
      skipSpace()
      const next = text[at++]
      if (next === '}') break
      if (next !== ',') (at--, fail('expected , or } in an object'))
    }
    if (reordered) keyOrder.set(object, [...keys])
    return object
  }
}

/** Assignment that also makes `__proto__` an ordinary key. */
function setKey(object: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

export interface DumpOptions {
  sortKeys?: boolean
  /** Between items and after a key; Python's default is [', ', ': ']. */
  separators?: readonly [item: string, key: string]
  ensureAscii?: boolean
}

/** The text json.dumps gives. Lone surrogates stay escaped even when `ensureAscii` is false, so the text is valid UTF-8. */
export function dumpJson(value: Json, options: DumpOptions = {}): string {
  const { sortKeys = false, separators: [comma, colon] = [', ', ': '], ensureAscii = true } = options
  return dump(value)

  function dump(value: Json): string {
    if (typeof value === 'string') return dumpString(value, ensureAscii)
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : floatText(value)
    if (value instanceof Float) return floatText(value.value)
    if (Array.isArray(value)) return '[' + value.map(dump).join(comma) + ']'
    if (typeof value !== 'object' || value === null) return String(value)
    const keys = sortKeys ? Object.keys(value).sort(byCodePoint) : keysOf(value)
    return '{' + keys.map((key) => dumpString(key, ensureAscii) + colon + dump(value[key] ?? null)).join(comma) + '}'
  }
}

/** A float as Python's repr and json.dumps spell it: 5.0, 1e+16, 1e-05, NaN, Infinity. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value !== 0 && (power < -4 || power >= 16)) {
    return digits + 'e' + (power < 0 ? '-' : '+') + String(Math.abs(power)).padStart(2, '0')
  }
  return (Object.is(value, -0) ? '-0' : String(value)) + (Number.isInteger(value) ? '.0' : '')
}

/**
 * 'exact': equal under json.dumps(sort_keys=True), so 1, 1.0, true and "1" all differ and NaN equals itself.
 * 'python': Python's ==, so 1, 1.0 and true are equal; a NaN of its own differs, inside a list or dict it is the same object.
 */
export function equalJson(a: Json, b: Json, mode: 'python' | 'exact'): boolean {
  if (typeof a === 'string' || typeof b === 'string' || a === null || b === null) return a === b
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalInside(item, b[i] ?? null, mode))
  }
  if (isObject(a)) {
    if (!isObject(b)) return false
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equalInside(a[key] ?? null, b[key] ?? null, mode))
    )
  }
  if (Array.isArray(b) || isObject(b)) return false
  if (mode === 'python') return numeric(a) == numeric(b)
  if (a instanceof Float || b instanceof Float)
    return a instanceof Float && b instanceof Float && Object.is(a.value, b.value)
  return Object.is(a, b)
}

/** Containers compare by identity first, and Python's json makes every NaN the same object. */
function equalInside(a: Json, b: Json, mode: 'python' | 'exact'): boolean {
  return equalJson(a, b, mode) || (Number.isNaN(a) && Number.isNaN(b))
}

function numeric(value: boolean | number | bigint | Float): number | bigint {
  return value instanceof Float ? value.value : typeof value === 'boolean' ? Number(value) : value
}

function dumpString(value: string, ensureAscii: boolean): string {
  const text = JSON.stringify(value)
  if (!ensureAscii) return text
  return text.replace(/[\x7f-\uffff]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** UTF-16 order with the surrogates above the rest of the basic plane: the order of code points. */
function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
