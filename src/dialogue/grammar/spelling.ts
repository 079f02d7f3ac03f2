// How values are spelt, as JSON or as Python literals: strings, numbers, words, and what stands between them.
import { bytes, choice, literal, oneOf, optional, repeat, sequence, type Range, type Regex } from './regular.ts'
import { dumpJson, type Json } from '../../text/json.ts'
import { fromJson } from '../../text/python/json.ts'
import { repr } from '../../text/python/repr.ts'

export interface Spelling {
  value(value: Json): string
  /** A character of a string, by the quote that the string stands in. */
  strings: readonly { quote: Regex; character: Regex }[]
  /** A character of a key that is not named by the schema: none that is escaped. */
  plain: Regex
}

const tail: Range = [0x80, 0xbf]
/** Characters beyond ASCII in well-formed UTF-8 (Unicode 15, table 3-7). */
const beyondAscii = choice(
  sequence(bytes([0xc2, 0xdf]), bytes(tail)),
  sequence(bytes([0xe0, 0xe0]), bytes([0xa0, 0xbf]), bytes(tail)),
  sequence(bytes([0xe1, 0xec], [0xee, 0xef]), bytes(tail), bytes(tail)),
  sequence(bytes([0xed, 0xed]), bytes([0x80, 0x9f]), bytes(tail)),
  sequence(bytes([0xf0, 0xf0]), bytes([0x90, 0xbf]), bytes(tail), bytes(tail)),
  sequence(bytes([0xf1, 0xf3]), bytes(tail), bytes(tail), bytes(tail)),
  sequence(bytes([0xf4, 0xf4]), bytes([0x80, 0x8f]), bytes(tail), bytes(tail)),
)

/** Printable ASCII but a quote and the backslash, and everything beyond. */
export function charactersBut(quote: string): Regex {
  const code = quote.charCodeAt(0)
  return choice(bytes([0x20, code - 1], [code + 1, 0x5b], [0x5d, 0x7e]), beyondAscii)
}

const digit = bytes([0x30, 0x39])
const hex = bytes([0x30, 0x39], [0x41, 0x46], [0x61, 0x66])
/** A code unit in four digits that is no surrogate, or a pair of them. */
const unit = choice(
  sequence(choice(digit, oneOf('abcefABCEF')), hex, hex, hex),
  sequence(oneOf('dD'), oneOf('01234567'), hex, hex),
)
const pair = sequence(oneOf('dD'), oneOf('89abAB'), hex, hex, literal('\\u'), oneOf('dD'), oneOf('cdefCDEF'), hex, hex)

const jsonCharacter = choice(
  charactersBut('"'),
  bytes([0x7f, 0x7f]),
  sequence(literal('\\'), choice(oneOf('"\\/bfnrt'), sequence(literal('u'), choice(unit, pair)))),
)
const pythonCharacter = (quote: string): Regex =>
  choice(
    charactersBut(quote),
    sequence(literal('\\'), choice(oneOf('\\\'"nrt'), sequence(literal('x'), hex, hex), sequence(literal('u'), unit))),
  )

const plain = charactersBut('"')

export const jsonSpelling: Spelling = {
  value: (value) => dumpJson(value, { ensureAscii: false }),
  strings: [{ quote: literal('"'), character: jsonCharacter }],
  plain,
}

export const pythonSpelling: Spelling = {
  value: (value) => repr(fromJson(value)),
  strings: [
    { quote: literal("'"), character: pythonCharacter("'") },
    { quote: literal('"'), character: pythonCharacter('"') },
  ],
  plain,
}

/** A string of so many characters. */
export function stringOf({ strings }: Spelling, min = 0, max = Infinity): Regex {
  return choice(...strings.map(({ quote, character }) => sequence(quote, repeat(character, min, max), quote)))
}

/** Digits without an end are a trap for a model that repeats itself: as many as a double holds, exponents of two digits. */
export const DIGITS = 15

const natural = choice(literal('0'), sequence(bytes([0x31, 0x39]), repeat(digit, 0, DIGITS - 1)))
const fraction = sequence(literal('.'), repeat(digit, 1, DIGITS))
export const integer = sequence(optional(literal('-')), natural)
const exponent = sequence(oneOf('eE'), optional(oneOf('+-')), repeat(digit, 1, 2))
export const number = sequence(integer, optional(fraction), optional(exponent))
