// Walks over the text of a JSON value: its keys and numbers with their offsets, and the offset of the value at a path.
import { endOfJson } from '../text/json-span.ts'
import type { Path } from './rule.ts'

export interface ScanVisitor {
  /** The key as it is spelt, quotes included, its offset and the number of its object. */
  key?(text: string, offset: number, object: number): void
  /** A number or word outside strings. */
  word?(text: string, offset: number): void
}

/** Visit keys and words of a JSON text that reads without error. `object` numbers the objects in order of appearance. */
export function scan(text: string, visitor: ScanVisitor): void {
  const objects: number[] = []
  let count = 0
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === '"') {
      const end = endOfString(text, i)
      if (expectKey) visitor.key?.(text.slice(i, end), i, objects.at(-1)!)
      expectKey = false
      i = end - 1
    } else if (character === '{') {
      objects.push(count++)
      expectKey = true
    } else if (character === '[') {
      objects.push(-1)
      expectKey = false
    } else if (character === '}' || character === ']') {
      objects.pop()
      expectKey = false
    } else if (character === ',') expectKey = (objects.at(-1) ?? -1) >= 0
    else if (!' \t\r\n:'.includes(character)) {
      WORD.lastIndex = i
      const word = WORD.exec(text)?.[0] ?? character
      visitor.word?.(word, i)
      i += word.length - 1
    }
  }
}

/** How often `part` stands in a text. Written without an array: it runs on every line. */
export function count(text: string, part: string): number {
  let found = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++
  return found
}

/** Offset at which the value at `path` begins; the nearest one above it where the path leads nowhere. */
export function locate(text: string, path: Path): number {
  let at = skipSpace(text, 0)
  for (const step of path) {
    const next = typeof step === 'number' ? elementAt(text, at, step) : memberAt(text, at, step)
    if (next < 0) return at
    at = next
  }
  return at
}

function memberAt(text: string, start: number, key: string): number {
  if (text[start] !== '{') return -1
  let found = -1
  let at = skipSpace(text, start + 1)
  while (text[at] === '"') {
    const end = endOfString(text, at)
    const value = skipSpace(text, skipSpace(text, end) + 1)
    // Of equal keys the last one counts.
    if (keyText(text.slice(at, end)) === key) found = value
    at = skipSpace(text, endOfValue(text, value))
    if (text[at] !== ',') break
    at = skipSpace(text, at + 1)
  }
  return found
}

function elementAt(text: string, start: number, index: number): number {
  if (text[start] !== '[') return -1
  let at = skipSpace(text, start + 1)
  for (let i = 0; i < index; i++) {
    at = skipSpace(text, endOfValue(text, at))
    if (text[at] !== ',') return -1
    at = skipSpace(text, at + 1)
  }
  return text[at] === ']' ? -1 : at
}

/** The value of a key's spelling, quotes included. */
export function keyText(spelling: string): string {
  return spelling.includes('\\') ? String(JSON.parse(spelling)) : spelling.slice(1, -1)
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start)
  if (text[start] === '{' || text[start] === '[') {
    const end = endOfJson(text, start)
    return end < 0 ? text.length : end
  }
  WORD.lastIndex = start
  return start + (WORD.exec(text)?.[0].length ?? 1)
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i + 1
  }
  return text.length
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && ' \t\r\n\ufeff'.includes(text[at]!)) at++
  return at
}

const WORD = /[^\s,:[\]{}"]+/y
