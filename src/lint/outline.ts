// One quick pass over the text of a row: how many keys it spells, and where each of its fields stands.
import { COMMA, endOfString, isClosing, isOpening, QUOTE } from '../text/json/scan.ts'

export interface Outline {
  /** Keys of all objects, those that stand twice counted twice. */
  keys: number
  /** For each field of the row: where its key begins, where its colon stands, where its value ends. */
  fields: number[]
  /** Where the commas between the items of lists and objects that are values of fields stand. */
  commas: number[]
}

/** The outline of a JSON object's text, which must read without error. Written for speed: every line passes here. */
export function outlineOf(text: string): Outline {
  let keys = 0
  let depth = 0
  let key = 0
  const fields: number[] = []
  const commas: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      if (depth === 1) key = i
      i = endOfString(text, i)
    } else if (code === COLON) {
      keys++
      if (depth === 1) fields.push(key, i)
    } else if (isOpening(code)) depth++
    else if (isClosing(code)) {
      if (--depth === 0 && fields.length % 3 === 2) fields.push(i)
    } else if (code === COMMA) {
      if (depth === 1) fields.push(i)
      else if (depth === 2) commas.push(i)
    }
  }
  return { keys, fields, commas }
}

/** The text of a field's value, undefined where the row has no such field or spells its name with escapes. Of two the last counts. */
export function fieldText(text: string, outline: Outline, name: string): string | undefined {
  const at = fieldAt(text, outline, name)
  return at < 0 ? undefined : text.slice(valueStart(text, outline.fields[at + 1]!), outline.fields[at + 2]!)
}

/** The texts of a list's items; undefined where there is no such field. */
export function itemTexts(text: string, outline: Outline, name: string): string[] | undefined {
  const at = fieldAt(text, outline, name)
  if (at < 0) return undefined
  const end = outline.fields[at + 2]!
  let start = valueStart(text, outline.fields[at + 1]!) + 1
  const items: string[] = []
  for (const comma of outline.commas) {
    if (comma < start || comma >= end) continue
    items.push(text.slice(start, comma))
    start = valueStart(text, comma)
  }
  items.push(text.slice(start, text.lastIndexOf(']', end - 1)))
  return items
}

function fieldAt(text: string, { fields }: Outline, name: string): number {
  for (let i = fields.length - 3; i >= 0; i -= 3) {
    const start = fields[i]! + 1
    if (text.charCodeAt(start + name.length) === QUOTE && text.startsWith(name, start)) return i
  }
  return -1
}

/** Past a colon or comma, and the blank that may follow. */
const valueStart = (text: string, mark: number): number => (text.charCodeAt(mark + 1) === SPACE ? mark + 2 : mark + 1)

const SPACE = 0x20
const COLON = 0x3a
