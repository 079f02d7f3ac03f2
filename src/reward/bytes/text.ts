// JSON's strings and numbers in bytes: what a byte means, where a token ends.

export const PLAIN = 0
export const QUOTE = 1
export const BACKSLASH = 2
export const ANGLE = 3
export const CONTROL = 4
/** What a byte means inside a JSON string. */
export const CLASSES = new Uint8Array(256)
CLASSES.fill(CONTROL, 0, 0x20)
CLASSES[0x22] = QUOTE
CLASSES[0x5c] = BACKSLASH
CLASSES[0x3c] = ANGLE

/** Length of each escape by the character after the backslash; 0 for one that is malformed or could hide a tag. */
const ESCAPES = new Uint8Array(256)
for (const character of '"\\bfnrt') ESCAPES[character.charCodeAt(0)] = 2
ESCAPES[0x75] = 6

export const WORDS = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word))

/** Index of the quote that ends the string whose text begins at `from`; -2 for a string that is unusual or never ends. */
export function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    while (CLASSES[bytes[at]!] === PLAIN) at++
    const kind = CLASSES[bytes[at]!]!
    if (kind === QUOTE) return at
    if (kind === ANGLE) continue
    if (kind === BACKSLASH && bytes[at + 1] === 0x22) {
      at++
      continue
    }
    const length = kind === BACKSLASH ? escapeLength(bytes, at) : 0
    if (length === 0) return -2
    at += length - 1
  }
  return -2
}

/** A \u escape of an ASCII character could hide a tag or a quote: such rows are decoded. */
export function escapeLength(bytes: Uint8Array, at: number): number {
  const length = ESCAPES[bytes[at + 1]!]!
  if (length < 6) return length
  for (let i = 2; i < 6; i++) if (!isHexadecimal(bytes[at + i]!)) return 0
  return bytes[at + 2] === 0x30 && bytes[at + 3] === 0x30 && bytes[at + 4]! < 0x38 ? 0 : 6
}

function isHexadecimal(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

/** End of a number or word; 0 for anything else. */
export function scalarEnd(bytes: Uint8Array, at: number): number {
  const word = WORDS.find((each) => startsWith(bytes, at, each))
  return word ? at + word.length : numberEnd(bytes, at)
}

/** End of the JSON number at `at`; 0 where there is none. */
export function numberEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2d) at++
  if (bytes[at] === 0x30) at++
  else {
    const from = at
    at = digitsEnd(bytes, at)
    if (at === from) return 0
  }
  if (bytes[at] === 0x2e && isDigit(bytes[at + 1]!)) at = digitsEnd(bytes, at + 1)
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? 1 : 0
    const digits = at + 1 + sign
    if (isDigit(bytes[digits]!)) at = digitsEnd(bytes, digits)
  }
  return at
}

function digitsEnd(bytes: Uint8Array, at: number): number {
  while (isDigit(bytes[at]!)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

export function skipSpace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return at
    at++
  }
}

export function isWord(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  return to - from === word.length && startsWith(bytes, from, word)
}

export function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

export function sameBytes(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false
  for (; a < aEnd; a++, b++) if (bytes[a] !== bytes[b]) return false
  return true
}
