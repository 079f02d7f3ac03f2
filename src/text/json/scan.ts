// Finds its way through the text of JSON without reading it: where strings and values end, where a path leads, keys and words.

/** Index of the quote that ends the string begun at `start`, or the text's length. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end
    while (text.charCodeAt(first - 1) === BACKSLASH) first--
    if ((end - first) % 2 === 0) return end
  }
  return text.length
}

export interface Span {
  /** Index past the value where it is closed, else where it stops being one: the text's length where that breaks off. */
  end: number
  closed: boolean
  /** How deep brackets stand inside one another. */
  deepest: number
}

/**
 * The bracketed value that starts at `start`. Quotes and escapes are minded, and `strict` minds that nothing stands between
 * that JSON does not have there; the rest is left to a reader.
 */
export function spanOf(text: string, start: number, strict = false): Span {
  let [depth, deepest] = [0, 0]
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    else if (isOpening(code)) deepest = Math.max(deepest, ++depth)
    else if (isClosing(code)) {
      if (--depth === 0) return { end: i + 1, closed: true, deepest }
    } else if (strict && !isJsonCharacter(code)) return { end: i, closed: false, deepest }
    if (depth <= 0) return { end: i, closed: false, deepest }
  }
  return { end: text.length, closed: false, deepest }
}

/** Index of the comma or bracket that ends the item, of a list or an object, in which `start` stands; -1 where the text breaks off. */
export function endOfItem(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === COMMA || isClosing(code)) return i
    if (code === QUOTE) i = endOfString(text, i)
    else if (isOpening(code)) {
      const { end, closed } = spanOf(text, i)
      if (!closed) return -1
      i = end - 1
    }
  }
  return -1
}

export interface ScanVisitor {
  /** The key as it is spelt, quotes included, its offset and the number of its object. */
  key?(text: string, offset: number, object: number): void
  /** A number or word outside strings. */
  word?(text: string, offset: number): void
}

/** Visits keys and words of a JSON text that reads without error. `object` numbers the objects in order of appearance. */
export function scan(text: string, visitor: ScanVisitor): void {
  const objects: number[] = []
  let count = 0
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = endOfString(text, i)
      if (expectKey) visitor.key?.(text.slice(i, end + 1), i, objects.at(-1)!)
      expectKey = false
      i = end
    } else if (isOpening(code)) {
      expectKey = code === OPEN_BRACE
      objects.push(expectKey ? count++ : -1)
    } else if (isClosing(code)) {
      objects.pop()
      expectKey = false
    } else if (code === COMMA) expectKey = (objects.at(-1) ?? -1) >= 0
    else if (!' \t\r\n:'.includes(text[i]!)) {
      WORD.lastIndex = i
      const word = WORD.exec(text)?.[0] ?? text[i]!
      visitor.word?.(word, i)
      i += word.length - 1
    }
  }
}

const WORD = /[^\s,:[\]{}"]+/y

/** Offset at which the value at `path` begins; the nearest one above it where the path leads nowhere. */
export function locate(text: string, path: readonly (string | number)[]): number {
  let at = skipSpace(text, 0)
  for (const step of path) {
    const next = typeof step === 'number' ? elementAt(text, at, step) : memberAt(text, at, step)
    if (next < 0) return at
    at = next
  }
  return at
}

/** The items of the list that begins at `start`. */
export function* itemsAt(text: string, start: number): Generator<{ start: number; end: number }> {
  for (let at = skipSpace(text, start + 1); text[at] !== ']' && at < text.length; at = skipSpace(text, at + 1)) {
    const end = endOfItem(text, at)
    if (end < 0) return
    yield { start: at, end: at + text.slice(at, end).trimEnd().length }
    at = end
    if (text[at] !== ',') return
  }
}

/** Line and column, from 1, of an offset in a text that begins at a place of its own. */
export function placeAt(
  { line, column, text }: { line: number; column: number; text: string },
  offset: number,
): { line: number; column: number } {
  const before = text.slice(0, offset)
  const breaks = before.split('\n').length - 1
  return breaks === 0
    ? { line, column: column + offset }
    : { line: line + breaks, column: offset - before.lastIndexOf('\n') }
}

/** Offset of the character of that index in the string, of a JSON text, whose quote stands at `start`. */
export function offsetInString(text: string, start: number, index: number): number {
  let at = start + 1
  for (let i = 0; i < index && at < text.length; i++) at += text[at] !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2
  return at
}

/** The path of the innermost value in which an offset of a JSON text stands. */
export function pathAt(text: string, offset: number): (string | number)[] {
  const path: (string | number)[] = []
  for (let at = skipSpace(text, 0); ;) {
    const member = [...membersAt(text, at)].find(({ start, end }) => start <= offset && offset < end)
    if (!member) return path
    path.push(member.step)
    at = member.start
  }
}

function* membersAt(text: string, start: number): Generator<{ step: string | number; start: number; end: number }> {
  if (text[start] === '[') {
    let step = 0
    for (const item of itemsAt(text, start)) yield { step: step++, ...item }
  }
  if (text[start] !== '{') return
  for (let at = skipSpace(text, start + 1); text[at] === '"'; at = skipSpace(text, at + 1)) {
    const end = endOfString(text, at) + 1
    const value = skipSpace(text, skipSpace(text, end) + 1)
    const next = endOfItem(text, value)
    yield { step: keyText(text.slice(at, end)), start: value, end: next }
    at = next
    if (text[at] !== ',') return
  }
}

/** Of equal keys the last one counts. */
function memberAt(text: string, start: number, key: string): number {
  return [...membersAt(text, start)].findLast(({ step }) => step === key)?.start ?? -1
}

function elementAt(text: string, start: number, index: number): number {
  if (text[start] !== '[') return -1
  let at = skipSpace(text, start + 1)
  for (let i = 0; i < index; i++) {
    at = endOfItem(text, at)
    if (text[at] !== ',') return -1
    at = skipSpace(text, at + 1)
  }
  return text[at] === ']' ? -1 : at
}

/** The value of a key's spelling, quotes included. */
export function keyText(spelling: string): string {
  return spelling.includes('\\') ? String(JSON.parse(spelling)) : spelling.slice(1, -1)
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && ' \t\r\n\ufeff'.includes(text[at]!)) at++
  return at
}

/** White space, digits, letters and the signs of numbers and lists: all that JSON has outside strings and brackets. */
function isJsonCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x3a) ||
    (code >= 0x2b && code <= 0x2e) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x20 ||
    code === 0x0a ||
    code === 0x0d ||
    code === 0x09
  )
}

export const isOpening = (code: number): boolean => code === OPEN_BRACE || code === OPEN_BRACKET
export const isClosing = (code: number): boolean => code === CLOSE_BRACE || code === CLOSE_BRACKET

export const QUOTE = 0x22
export const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
