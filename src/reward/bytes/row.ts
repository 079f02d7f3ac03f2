// Reads a row {"completion": "…", "ground_truth": "…", …} from its bytes without decoding it, tags of the reply included.

/** Where the parts of a row lie; indices into the bytes. `body` < 0: the reply has no <tool_call> block. */
export interface Row {
  think: boolean
  bodyStart: number
  bodyEnd: number
  truthStart: number
  truthEnd: number
}

const PLAIN = 0
const QUOTE = 1
const BACKSLASH = 2
const ANGLE = 3
const CONTROL = 4
/** What a byte means inside a JSON string. */
const CLASSES = new Uint8Array(256)
CLASSES.fill(CONTROL, 0, 0x20)
CLASSES[0x22] = QUOTE
CLASSES[0x5c] = BACKSLASH
CLASSES[0x3c] = ANGLE

/** Length of each escape by the character after the backslash; 0 for one that is malformed or could hide a tag. */
const ESCAPES = new Uint8Array(256)
for (const character of '"\\bfnrt') ESCAPES[character.charCodeAt(0)] = 2
ESCAPES[0x75] = 6

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const COMPLETION = bytesOf('completion')
const TRUTH = bytesOf('ground_truth')
const THINK = bytesOf('<think>')
const THINK_END = bytesOf('</think>')
const CALL = bytesOf('<tool_call>')
const CALL_END = bytesOf('</tool_call>')
const MARKER = bytesOf('<|im_start|>assistant')
const WORDS = ['true', 'false', 'null'].map(bytesOf)

/** A reader of rows; each row overwrites the one before. */
export function rowReader(): (bytes: Uint8Array, start: number, end: number) => Row | undefined {
  const row: Row = { think: false, bodyStart: -1, bodyEnd: -1, truthStart: -1, truthEnd: -1 }

  /** The row in bytes[start, end), or undefined where it is unusual: other escapes, nested values, malformed JSON. */
  return function read(bytes, start, end) {
    row.truthStart = -1
    let seen = false
    let at = skipSpace(bytes, start)
    if (bytes[at] !== 0x7b) return undefined
    at++
    for (;;) {
      at = skipSpace(bytes, at)
      if (bytes[at] !== 0x22) return undefined
      const key = at + 1
      at = stringEnd(bytes, key, end)
      if (at < 0) return undefined
      const isCompletion = isWord(bytes, key, at, COMPLETION)
      const isTruth = isWord(bytes, key, at, TRUTH)
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== 0x3a) return undefined
      at = skipSpace(bytes, at + 1)
      const first = bytes[at]!
      if (isCompletion) {
        if (seen || first !== 0x22) return undefined
        seen = true
        at = replyEnd(bytes, at + 1, end) + 1
      } else if (first === 0x22) {
        const from = at + 1
        at = stringEnd(bytes, from, end) + 1
        if (isTruth) {
          if (row.truthStart >= 0) return undefined
          row.truthStart = from
          row.truthEnd = at - 1
        }
      } else if (isTruth) return undefined
      else at = scalarEnd(bytes, at)
      if (at <= 0) return undefined
      at = skipSpace(bytes, at)
      if (bytes[at] === 0x2c) at++
      else if (bytes[at] === 0x7d) break
      else return undefined
    }
    return seen && row.truthStart >= 0 && skipSpace(bytes, at + 1) >= end ? row : undefined
  }

  /** End of the reply, like stringEnd; notes its tags as the published code finds them: all after the last marker, the last block. */
  function replyEnd(bytes: Uint8Array, from: number, end: number): number {
    let opened = false
    let closed = false
    let block = -1
    row.bodyStart = -1
    for (let at = from; at < end; at++) {
      while (CLASSES[bytes[at]!] === PLAIN) at++
      const kind = CLASSES[bytes[at]!]!
      if (kind === BACKSLASH && bytes[at + 1] === 0x22) at++
      else if (kind === QUOTE) {
        row.think = opened && closed
        return at
      } else if (kind === BACKSLASH) {
        const length = escapeLength(bytes, at)
        if (length === 0) return -2
        at += length - 1
      } else if (kind === CONTROL) return -2
      else if (startsWith(bytes, at, THINK)) opened = true
      else if (startsWith(bytes, at, THINK_END)) closed = true
      else if (startsWith(bytes, at, CALL)) {
        if (block < 0) block = at + CALL.length
      } else if (startsWith(bytes, at, CALL_END)) {
        if (block < 0) continue
        row.bodyStart = block
        row.bodyEnd = at
        block = -1
      } else if (startsWith(bytes, at, MARKER)) {
        opened = closed = false
        row.bodyStart = block = -1
      }
    }
    return -2
  }
}

/** Index of the quote that ends the string whose text begins at `from`; -2 for a string that is unusual or never ends. */
function stringEnd(bytes: Uint8Array, from: number, end: number): number {
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
function escapeLength(bytes: Uint8Array, at: number): number {
  const length = ESCAPES[bytes[at + 1]!]!
  if (length < 6) return length
  for (let i = 2; i < 6; i++) if (!isHexadecimal(bytes[at + i]!)) return 0
  return bytes[at + 2] === 0x30 && bytes[at + 3] === 0x30 && bytes[at + 4]! < 0x38 ? 0 : 6
}

function isHexadecimal(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

/** End of a number or word; 0 for anything else. */
function scalarEnd(bytes: Uint8Array, at: number): number {
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

function skipSpace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return at
    at++
  }
}

function isWord(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  return to - from === word.length && startsWith(bytes, from, word)
}

export function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}
