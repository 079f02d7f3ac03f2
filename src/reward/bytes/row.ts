// Reads a row {"completion": "…", "ground_truth": "…", …} from its bytes without decoding it, tags of the reply included.
import type { CallReader, Spans } from './calls.ts'
import {
  BACKSLASH,
  CLASSES,
  CONTROL,
  escapeLength,
  isWord,
  PLAIN,
  QUOTE,
  scalarEnd,
  skipSpace,
  startsWith,
  stringEnd,
} from './text.ts'

/** What a row holds. Places are indices into its bytes. */
export interface Row {
  think: boolean
  /** The reply's block; bodyStart < 0 where there is none. */
  bodyStart: number
  bodyEnd: number
  /** Calls of the block, or MISSHAPEN, or UNREAD where they are still to be found in it. */
  made: number
  /** Calls that are right, or MISSHAPEN. */
  expected: number
}

/** The block was not read on the way. */
export const UNREAD = -9

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const COMPLETION = bytesOf('completion')
const TRUTH = bytesOf('ground_truth')
const THINK = bytesOf('<think>')
const THINK_END = bytesOf('</think>')
const CALL = bytesOf('<tool_call>')
const CALL_END = bytesOf('</tool_call>')
const MARKER = bytesOf('<|im_start|>assistant')

/** A reader of rows; each row overwrites the one before, its calls in `given` and `wanted` too. */
export function rowReader(
  calls: CallReader,
  given: Spans,
  wanted: Spans,
): (bytes: Uint8Array, start: number, end: number) => Row | undefined {
  const row: Row = { think: false, bodyStart: -1, bodyEnd: -1, made: UNREAD, expected: UNREAD }

  /** The row in bytes[start, end), or undefined where it is unusual: other escapes, nested values, malformed JSON. */
  return function read(bytes, start, end) {
    row.expected = UNREAD
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
      } else if (isTruth) {
        if (row.expected !== UNREAD || first !== 0x22 || bytes[at + 1] !== 0x5b) return undefined
        at = calls.scan(bytes, at + 1, end, wanted, true)
        if (at <= 0 || bytes[at] !== 0x22) return undefined
        row.expected = calls.count()
        at++
      } else at = first === 0x22 ? stringEnd(bytes, at + 1, end) + 1 : scalarEnd(bytes, at)
      if (at <= 0) return undefined
      at = skipSpace(bytes, at)
      if (bytes[at] === 0x2c) at++
      else if (bytes[at] === 0x7d) break
      else return undefined
    }
    return seen && row.expected !== UNREAD && skipSpace(bytes, at + 1) >= end ? row : undefined
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
        if (block >= 0) continue
        block = at + CALL.length
        const after = calls.scan(bytes, block, end, given, false)
        if (after <= 0 || !startsWith(bytes, after, CALL_END)) continue
        row.made = calls.count()
        row.bodyStart = block
        row.bodyEnd = after
        block = -1
        at = after + CALL_END.length - 1
      } else if (startsWith(bytes, at, CALL_END)) {
        if (block < 0) continue
        row.made = UNREAD
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
