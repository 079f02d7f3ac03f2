// Finds and compares calls in JSON text that itself stands inside a JSON string, byte by byte: a quote is \", a line end \n.
import { numberEnd, startsWith } from './row.ts'

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
const WORDS = ['true', 'false', 'null'].map((word) => encoder.encode(word))

/** Why a value has no end. */
const NOT_JSON = 0
const TOO_HARD = -1

export interface CallReader {
  /** Calls in bytes[start, end): how many, their spans in `spans`; or MALFORMED, MISSHAPEN, UNUSUAL. */
  find(bytes: Uint8Array, start: number, end: number, spans: Spans): number
}

/** A reader with memory of its own for keys. */
export function callReader(): CallReader {
  const keys = new Int32Array(2 * KEYS)
  let keyCount = 0
  let limit = 0
  let formed = true
  let calls = 0
  let out: Spans = new Int32Array(0)

  return {
    find(bytes, start, end, spans) {
      limit = end
      formed = true
      keyCount = calls = 0
      out = spans
      const at = skipSpace(bytes, start)
      const first = bytes[at]!
      if (at >= end) return MALFORMED
      if (first !== 0x5b && first !== 0x7b) return mayBeValue(bytes, at) ? UNUSUAL : MALFORMED
      const after = first === 0x5b ? array(bytes, at, 0) : object(bytes, at, 0, true)
      if (after <= 0) return after === NOT_JSON ? MALFORMED : UNUSUAL
      const rest = skipSpace(bytes, after)
      if (rest < end) return mayBeSpace(bytes, rest) ? UNUSUAL : MALFORMED
      return formed ? calls : MISSHAPEN
    },
  }

  /** Index after the value, NOT_JSON or TOO_HARD. */
  function value(bytes: Uint8Array, at: number, depth: number): number {
    if (at >= limit) return NOT_JSON
    const first = bytes[at]!
    if (first === 0x5c) return bytes[at + 1] === 0x22 ? stringEnd(bytes, at + 2, limit) : NOT_JSON
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
        const afterKey = stringEnd(bytes, key, limit)
        if (afterKey <= 0) return afterKey
        if (!addKey(bytes, firstKey, key, afterKey - 2)) return TOO_HARD
        at = skipSpace(bytes, afterKey)
        if (bytes[at] !== 0x3a) return NOT_JSON
        at = skipSpace(bytes, at + 1)
        const start = at
        at = value(bytes, at, depth + 1)
        if (at <= 0) return at
        if (isCall && isKey(bytes, key, afterKey - 2, NAME)) name = note(0, start, at)
        else if (isCall && isKey(bytes, key, afterKey - 2, ARGUMENTS)) given = note(2, start, at)
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

/** 1: the same JSON value; 0: another one; -1: it takes the full reader to say. Both are whole values without repeated keys. */
export function compare(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): 1 | 0 | -1 {
  if (sameBytes(bytes, a, aEnd, b, bEnd)) return 1
  for (;;) {
    a = skipSpace(bytes, a)
    b = skipSpace(bytes, b)
    if (a >= aEnd || b >= bEnd) return a >= aEnd && b >= bEnd ? 1 : 0
    const isString = bytes[a] === 0x5c
    const isOther = (bytes[b] !== 0x5c) === isString
    const aNext = isString ? stringEnd(bytes, a + 2, aEnd) : tokenEnd(bytes, a)
    const bNext = bytes[b] === 0x5c ? stringEnd(bytes, b + 2, bEnd) : tokenEnd(bytes, b)
    if (!sameBytes(bytes, a, aNext, b, bNext)) {
      if (isOther) return 0
      if (!isPlain(bytes, a, aNext, isString) || !isPlain(bytes, b, bNext, isString)) return -1
      // Keys in another order may make the same object; a key that the other side has nowhere makes another one.
      return isString && bytes[skipSpace(bytes, aNext)] === 0x3a && occurs(bytes, a, aNext, bNext, bEnd) ? -1 : 0
    }
    a = aNext
    b = bNext
  }
}

/** True where bytes[from, to) occur again in bytes[start, end). */
function occurs(bytes: Uint8Array, from: number, to: number, start: number, end: number): boolean {
  for (let at = start; at + to - from <= end; at++) if (sameBytes(bytes, from, to, at, at + to - from)) return true
  return false
}

/** True for names of the same bytes, undefined where escapes or other alphabets make bytes too little to tell. */
export function sameName(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean | undefined {
  if (sameBytes(bytes, a, aEnd, b, bEnd)) return true
  return isPlain(bytes, a, aEnd, true) && isPlain(bytes, b, bEnd, true) ? false : undefined
}

/** A token that differs from another plain one is another value: ASCII text without escapes, an integer, a word, a bracket. */
function isPlain(bytes: Uint8Array, start: number, end: number, isString: boolean): boolean {
  const [from, to] = isString ? [start + 2, end - 2] : [start, end]
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte >= 0x80 || byte === 0x5c) return false
    if (!isString && (byte === 0x2e || byte === 0x65 || byte === 0x45))
      return bytes[start] === 0x74 || bytes[start] === 0x66
  }
  return isString || bytes[start] !== 0x2d || bytes[start + 1] !== 0x30
}

/** End of a number, a word or a bracket, comma or colon. */
function tokenEnd(bytes: Uint8Array, at: number): number {
  const number = numberEnd(bytes, at)
  if (number > 0) return number
  for (const word of WORDS) if (startsWith(bytes, at, word)) return at + word.length
  return at + 1
}

/** Index after the closing \" of the string whose text begins at `at`; NOT_JSON or TOO_HARD. */
function stringEnd(bytes: Uint8Array, at: number, limit: number): number {
  while (at < limit) {
    if (bytes[at] !== 0x5c) {
      at++
      continue
    }
    const next = bytes[at + 1]
    if (next === 0x22) return at + 2
    if (next === 0x75) at += 6
    else if (next !== 0x5c) return NOT_JSON
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
  return NOT_JSON
}

/** / b f n r t */
const INNER_ESCAPES = [0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]

/** Spaces and the escapes \n, \r and \t. */
function skipSpace(bytes: Uint8Array, at: number): number {
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

function isKey(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  return end - start === word.length && startsWith(bytes, start, word)
}

function sameBytes(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false
  for (; a < aEnd; a++, b++) if (bytes[a] !== bytes[b]) return false
  return true
}
