// One quick pass over the text of a row: how many keys it spells, and where each of its fields stands.
import { keyText } from './scan.ts'

export interface Outline {
  /** Keys of all objects, those that stand twice counted twice. */
  keys: number
  /** For each field of the row: where its key begins, where its colon stands, where its value ends. */
  fields: number[]
}

/** The outline of a JSON object's text, which must read without error. Written for speed: every line passes here. */
export function outlineOf(text: string): Outline {
  let keys = 0
  let depth = 0
  let key = 0
  const fields: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      if (depth === 1) key = i
      i = endOfString(text, i)
    } else if (code === COLON) {
      keys++
      if (depth === 1) fields.push(key, i)
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (--depth === 0 && fields.length % 3 === 2) fields.push(i)
    } else if (code === COMMA && depth === 1) fields.push(i)
  }
  return { keys, fields }
}

/** The text of a field's value, undefined where the row has no such field. Of two the last counts. */
export function fieldText(text: string, { fields }: Outline, name: string): string | undefined {
  for (let i = fields.length - 3; i >= 0; i -= 3) {
    const [start, colon, end] = [fields[i]!, fields[i + 1]!, fields[i + 2]!]
    if (keyText(text.slice(start, colon).trimEnd()) === name) return text.slice(colon + 1, end).trim()
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && text.charCodeAt(end - 1) === BACKSLASH) {
    let first = end - 1
    while (text.charCodeAt(first - 1) === BACKSLASH) first--
    if ((end - first) % 2 === 0) break
    end = text.indexOf('"', end + 1)
  }
  return end < 0 ? text.length : end
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
