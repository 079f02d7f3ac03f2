// Finds and compares calls in JSON text that itself stands inside a JSON string, byte by byte: a quote is \", a line end \n.
import { CLASSES, escapeLength, isWord, numberEnd, PLAIN, sameBytes, startsWith, WORDS } from './text.ts'

/** The text is no JSON. */
export const MALFORMED = -1
/** The text is JSON, and no list of {name, arguments}. */
export const MISSHAPEN = -2
/** The text needs the full reader: NaN, inner \u escapes, repeated keys, deep nesting, names that are no text. */
export const UNUSUAL = -3

/** Spans of calls, four indices each: name (with its quotes) and arguments, start and end. */
export type Spans = Int32Array

const DEPTH = 64
const KEYS = 256
const encoder = new TextEncoder()
const NAME = encoder.encode('name')
const ARGUMENTS = encoder.encode('arguments')

/** Why a value has no end. */
const NOT_JSON = 0
const TOO_HARD = -1

export interface CallReader {
  /**
   * Reads the list or object that begins in bytes[start, limit), white space aside: the index after it and the white space that
   * follows, or NOT_JSON or TOO_HARD. Its calls are in `spans`, `count()` says how many. Text that ends the string around it,
   * and with `tags` false a < in it, are TOO_HARD.
   */
  scan(bytes: Uint8Array, start: number, limit: number, spans: Spans, tags: boolean): number
  /** Calls of the last scan, or MISSHAPEN. */
  count(): number
  /** Calls in bytes[start, end): how many; or MALFORMED, MISSHAPEN, UNUSUAL. */
  find(bytes: Uint8Array, start: number, end: number, spans: Spans): number
}

/** A reader with memory of its own for keys. */
export function callReader(): CallReader {
  const keys = new Int32Array(2 * KEYS)
  let keyCount = 0
  let limit = 0
  let tags = true
  let formed = true
  let calls = 0
  let out: Spans = new Int32Array(0)

  const count = (): number => (formed ? calls : MISSHAPEN)

  function scan(bytes: Uint8Array, start: number, end: number, spans: Spans, withTags: boolean): number {
    limit = end
    tags = withTags
    formed = true
    keyCount = calls = 0
    out = spans
    const at = skipSpace(bytes, start)
    const first = bytes[at]!
    const after = first === 0x5b ? array(bytes, at, 0) : first === 0x7b ? object(bytes, at, 0, true) : TOO_HARD
    return after <= 0 ? after : skipSpace(bytes, after)
  }

  return {
    scan,
    count,
    find(bytes, start, end, spans) {
      const at = skipSpace(bytes, start)
      if (at >= end) return MALFORMED
      if (bytes[at] !== 0x5b && bytes[at] !== 0x7b) return mayBeValue(bytes, at) ? UNUSUAL : MALFORMED
      const after = scan(bytes, at, end, spans, true)
      if (after <= 0) return after === NOT_JSON ? MALFORMED : UNUSUAL
      if (after < end) return mayBeSpace(bytes, after) ? UNUSUAL : MALFORMED
      return count()
    },
  }

  /** Index after the value, NOT_JSON or TOO_HARD. */
  function value(bytes: Uint8Array, at: number, depth: number): number {
    if (at >= limit) return NOT_JSON
    const first = bytes[at]!
    if (first === 0x5c) return bytes[at + 1] === 0x22 ? stringEnd(bytes, at + 2, limit, tags) : NOT_JSON
    if (first === 0x7b) return object(bytes, at, depth, false)
    if (first === 0x5b) return array(bytes, at, depth)
    if (first === 0x4e || first === 0x49 || (first === 0x2d && bytes[at + 1] === 0x49)) return TOO_HARD
    const number = numberEnd(bytes, at)
    if (number > 0) return number - at > 300 ? TOO_HARD : number
    for (const word of WORDS) if (startsWith(bytes, at, word)) return at + word.length
    return NOT_JSON
  }

  function array(bytes: Uint8Array, at: number, depth: number): number {
    if (depth >= DEPTH) return TOO_HARD
    at = skipSpace(bytes, at + 1)
    if (bytes[at] === 0x5d) return at + 1
    for (;;) {
      if (depth === 0 && bytes[at] !== 0x7b) formed = false
      at = depth === 0 && bytes[at] === 0x7b ? object(bytes, at, 1, true) : value(bytes, at, depth + 1)
      if (at <= 0) return at
      at = skipSpace(bytes, at)
      if (bytes[at] === 0x5d) return at + 1
      if (bytes[at] !== 0x2c) return NOT_JSON
      at = skipSpace(bytes, at + 1)
    }
  }

  function object(bytes: Uint8Array, at: number, depth: number, isCall: boolean): number {
    if (depth >= DEPTH) return TOO_HARD
    const firstKey = keyCount
    let name = false
    let given = false
    at = skipSpace(bytes, at + 1)
    if (bytes[at] !== 0x7d) {
      for (;;) {
        if (bytes[at] !== 0x5c || bytes[at + 1] !== 0x22) return NOT_JSON
        const key = at + 2
        const afterKey = stringEnd(bytes, key, limit, tags)
        if (afterKey <= 0) return afterKey
        if (!addKey(bytes, firstKey, key, afterKey - 2)) return TOO_HARD
        at = skipSpace(bytes, afterKey)
        if (bytes[at] !== 0x3a) return NOT_JSON
        at = skipSpace(bytes, at + 1)
        const start = at
        at = value(bytes, at, depth + 1)
        if (at <= 0) return at
        if (isCall && isWord(bytes, key, afterKey - 2, NAME)) name = note(0, start, at)
        else if (isCall && isWord(bytes, key, afterKey - 2, ARGUMENTS)) given = note(2, start, at)
        at = skipSpace(bytes, at)
        if (bytes[at] === 0x7d) break
        if (bytes[at] !== 0x2c) return NOT_JSON
        at = skipSpace(bytes, at + 1)
      }
    }
    keyCount = firstKey
    if (isCall) {
      if (calls * 4 + 3 >= out.length) return TOO_HARD
      if (!name || !given) formed = false
      calls++
    }
    return at + 1
  }

  function note(field: number, start: number, end: number): true {
    out[4 * calls + field] = start
    out[4 * calls + field + 1] = end
    return true
  }

  /** False for a key that the object has already, or that is spelt with escapes. */
  function addKey(bytes: Uint8Array, firstKey: number, start: number, end: number): boolean {
    if (keyCount >= KEYS) return false
    for (let i = start; i < end; i++) if (bytes[i] === 0x5c) return false
    for (let i = firstKey; i < keyCount; i++) {
      if (sameBytes(bytes, start, end, keys[2 * i]!, keys[2 * i + 1]!)) return false
    }
    keys[2 * keyCount] = start
    keys[2 * keyCount + 1] = end
    keyCount++
    return true
  }
}

/** Index after the closing \" of the string whose text begins at `at`; NOT_JSON or TOO_HARD. */
export function stringEnd(bytes: Uint8Array, at: number, limit: number, tags: boolean): number {
  for (;;) {
    while (CLASSES[bytes[at]!] === PLAIN) at++
    if (at >= limit) return NOT_JSON
    if (bytes[at] === 0x3c && tags) {
      at++
      continue
    }
    if (bytes[at] !== 0x5c) return TOO_HARD
    const next = bytes[at + 1]
    if (next === 0x22) return at + 2
    if (next === 0x75) {
      if (escapeLength(bytes, at) === 0) return TOO_HARD
      at += 6
    } else if (next !== 0x5c) return NOT_JSON
    else {
      const escaped = bytes[at + 2]!
      if (escaped === 0x5c) {
        if (bytes[at + 3] !== 0x22 && bytes[at + 3] !== 0x5c) return NOT_JSON
        at += 4
      } else if (escaped === 0x75) return TOO_HARD
      else if (INNER_ESCAPES.includes(escaped)) at += 3
      else return NOT_JSON
    }
  }
}

/** / b f n r t */
const INNER_ESCAPES = [0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]

/** Spaces and the escapes \n, \r and \t. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte === 0x20) at++
    else if (byte === 0x5c && (bytes[at + 1] === 0x6e || bytes[at + 1] === 0x72 || bytes[at + 1] === 0x74)) at += 2
    else return at
  }
}

/** Something that Python strips and JSON does not know as space. */
function mayBeSpace(bytes: Uint8Array, at: number): boolean {
  return bytes[at]! >= 0x80 || (bytes[at] === 0x5c && (bytes[at + 1] === 0x66 || bytes[at + 1] === 0x75))
}

/** The beginning of a value that is no list and no object, or of space that Python strips. */
function mayBeValue(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]!
  return (
    mayBeSpace(bytes, at) ||
    byte === 0x5c ||
    byte === 0x2d ||
    (byte >= 0x30 && byte <= 0x39) ||
    'tfnNI'.includes(String.fromCharCode(byte))
  )
}
