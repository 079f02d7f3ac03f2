// Reads JSON as Python's json.loads does.
import { spanOf } from './scan.ts'
import { Float, setKeyOrder, type Json, type JsonObject } from './value.ts'

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

/** Nesting of depth d needs 2d characters, so most texts need no look. */
const isShallow = (text: string): boolean =>
  text.length <= 2 * MAX_DEPTH || spanOf(text, text.search(/\S/)).deepest <= MAX_DEPTH

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
const CONSTANTS = {
  NaN: NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
  true: true,
  false: false,
  null: null,
} as const

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
    if (reordered) setKeyOrder(object, [...keys])
    return object
  }
}

/** Assignment that also makes `__proto__` an ordinary key. */
function setKey(object: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
