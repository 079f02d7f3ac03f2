// The elements of one large JSON array, one at a time, in constant memory.
import type { Piece } from './record.ts'

/** Text of each element with the line and column at which it begins. What cannot belong to an element is given as one, so that a reader finds it malformed. */
export async function* readElements(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  const decoder = new TextDecoder()
  let buffer = ''
  let at = 0
  let start = -1
  let depth = 0
  let inString = false
  let line = 1
  let lineStart = 0 // index of the line's first character, relative to the buffer
  let place = { line: 1, column: 1 }
  for await (const chunk of chunks) {
    buffer += decoder.decode(chunk, { stream: true })
    for (; at < buffer.length; at++) {
      const code = buffer.charCodeAt(at)
      if (code === NEWLINE) {
        line++
        lineStart = at + 1
      }
      if (inString) {
        if (code === BACKSLASH) at++
        else if (code === QUOTE) inString = false
        continue
      }
      const closes = code === CLOSE_BRACE || code === CLOSE_BRACKET
      if (depth === 1 && (code === COMMA || closes)) {
        if (start >= 0) yield { ...place, text: buffer.slice(start, at) }
        start = -1
        if (closes) depth = 0
        continue
      }
      if (isSpace(code)) continue
      if (depth === 0 && code === OPEN_BRACKET && start < 0) {
        depth = 1
        continue
      }
      if (start < 0) {
        start = at
        place = { line, column: at - lineStart + 1 }
      }
      if (code === QUOTE) inString = true
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
      else if (closes) depth--
    }
    const used = start < 0 ? buffer.length : start
    buffer = buffer.slice(used)
    at -= used
    lineStart -= used
    start = start < 0 ? -1 : 0
  }
  if (start >= 0 && buffer.trim() !== '') yield { ...place, text: buffer }
}

function isSpace(code: number): boolean {
  return code === NEWLINE || code === 0x20 || code === 0x0d || code === 0x09 || code === BYTE_ORDER_MARK
}

const NEWLINE = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const BYTE_ORDER_MARK = 0xfeff
