// Compares JSON values that stand inside a JSON string, token by token, as far as bytes can tell.
import { skipSpace, stringEnd } from './calls.ts'
import { numberEnd, sameBytes, startsWith, WORDS } from './text.ts'

/** 1: the same JSON value; 0: another one; -1: it takes the full reader to say. Both are whole values without repeated keys. */
export function compare(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): 1 | 0 | -1 {
  if (sameBytes(bytes, a, aEnd, b, bEnd)) return 1
  for (;;) {
    a = skipSpace(bytes, a)
    b = skipSpace(bytes, b)
    if (a >= aEnd || b >= bEnd) return a >= aEnd && b >= bEnd ? 1 : 0
    const isString = bytes[a] === 0x5c
    const isOther = (bytes[b] !== 0x5c) === isString
    const aNext = isString ? stringEnd(bytes, a + 2, aEnd, true) : tokenEnd(bytes, a)
    const bNext = bytes[b] === 0x5c ? stringEnd(bytes, b + 2, bEnd, true) : tokenEnd(bytes, b)
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
