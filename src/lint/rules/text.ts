// Rules about the text of a line: JSON, encoding, keys and numbers that do not survive reading.
import { isObject, type Json } from '../../text/json.ts'
import { keyText, scan } from '../../text/json/scan.ts'
import { kindOf } from '../../data/source.ts'
import { example, exampleCall, type Fault, type Rule } from '../rule.ts'

export const textRules: Rule[] = [
  {
    code: 'HN001',
    severity: 'error',
    what: 'The line is not JSON.',
    why: 'Readers stop here or drop the row; either way training sees less than the file holds.',
    hint: 'write one complete JSON value on each line',
    bad: `${example()}\n{"id": "cut", "messages": [`,
    good: example(),
    on: 'syntax',
    check: (error) => ({ message: `not JSON: ${error.message}`, offset: error.offset }),
  },
  {
    code: 'HN002',
    severity: 'error',
    what: 'The line is JSON and no object.',
    why: 'A row is an object with named fields; nothing can be read from another value.',
    hint: 'wrap the value in an object, or unpack the list into lines',
    bad: `${example()}\n["How warm is Oslo?", "get_weather"]`,
    good: example(),
    on: 'line',
    check: (_, value) =>
      value !== undefined && !isObject(value)
        ? { message: `a row must be a JSON object, this is ${kindOf(value)}` }
        : undefined,
  },
  {
    code: 'HN003',
    severity: 'warning',
    what: 'Text holds the replacement character U+FFFD.',
    why: 'Bytes that were no UTF-8 were replaced by it; the model would learn to write it.',
    hint: 'read the source again in its own encoding and write UTF-8',
    bad: example({ messages: [{ role: 'user', content: 'How warm is Troms\ufffd?' }] }),
    good: example({ messages: [{ role: 'user', content: 'How warm is Tromsø?' }] }),
    on: 'line',
    check(text) {
      const offset = text.indexOf('\ufffd')
      return offset < 0 ? undefined : { message: 'text that was not UTF-8 (U+FFFD)', offset }
    },
  },
  {
    code: 'HN004',
    severity: 'warning',
    what: 'The file begins with a byte order mark.',
    why: "Python's json.loads and many loaders refuse the first row of such a file.",
    hint: 'save the file as UTF-8 without a byte order mark',
    bad: `\ufeff${example()}`,
    good: example(),
    on: 'line',
    check: (text) => (text.charCodeAt(0) === 0xfeff ? { message: 'byte order mark', offset: 0 } : undefined),
    fix: (row) => row,
  },
  {
    code: 'HN005',
    severity: 'error',
    what: 'An object has the same key twice.',
    why: 'Readers keep the last value without a word, others the first; an argument of the answer may be lost.',
    hint: 'keep one of the two',
    bad: exampleCall({ city: 'Oslo' }).replace('"city":"Oslo"', '"city":"Oslo","city":"Bergen"'),
    good: exampleCall({ city: 'Oslo' }),
    on: 'line',
    // With as many keys in the text as in the value, none stands twice.
    check: (text, value, outline) =>
      value === undefined || outline === undefined || countKeys(value) === outline.keys
        ? undefined
        : duplicateKeys(text),
  },
  {
    code: 'HN006',
    severity: 'error',
    what: 'A string holds half of a surrogate pair.',
    why: 'It cannot be written as UTF-8: tokenizers fail on it or replace it.',
    hint: 'write the whole character, or leave it out',
    bad: String.raw`${example({ messages: [{ role: 'user', content: 'Rain? X' }] }).replace('X', '\\ud83c')}`,
    good: example({ messages: [{ role: 'user', content: 'Rain? 🌂' }] }),
    on: 'line',
    check(text) {
      if (!/\\u[dD][89a-fA-F]/.test(text)) return undefined
      const found = LONE_SURROGATE.exec(text)
      return found
        ? {
            message: `half of a surrogate pair (${found[1]})`,
            offset: found.index + found[0].length - found[1]!.length,
          }
        : undefined
    },
  },
  {
    code: 'HN007',
    severity: 'warning',
    what: 'A number has more digits than a 64-bit float keeps.',
    why: 'JavaScript, pandas and most loaders round it; an exact match with the answer then fails.',
    hint: 'write identifiers as strings',
    bad: exampleCall({ city: 'Oslo', days: 0 }).replace('"days":0', '"days":9007199254740993'),
    good: exampleCall({ city: 'Oslo', days: 1 }),
    on: 'line',
    check: (text) =>
      /\d{16}|\d\.\d{15}/.test(text)
        ? words(text, (word) => losesPrecision(word), 'loses precision as a 64-bit float')
        : undefined,
  },
  {
    code: 'HN008',
    severity: 'error',
    what: 'NaN or Infinity stands in place of a number.',
    why: 'JSON has no such values: Python writes them, other readers refuse the whole row.',
    hint: 'write null or leave the field out',
    bad: exampleCall({ city: 'Oslo', days: 0 }).replace('"days":0', '"days":NaN'),
    good: exampleCall({ city: 'Oslo' }),
    on: 'line',
    check: (text) =>
      /NaN|Infinity/.test(text) ? words(text, (word) => /^-?(NaN|Infinity)$/.test(word), 'is no JSON') : undefined,
  },
  {
    code: 'HN009',
    severity: 'warning',
    what: 'A string holds a control character.',
    why: 'NUL and its kin cut texts short in C code and have no token of their own.',
    hint: 'take the character out',
    bad: example({ messages: [{ role: 'user', content: 'How warm is Oslo?\u0000' }] }),
    good: example({ messages: [{ role: 'user', content: 'How warm is Oslo?' }] }),
    on: 'line',
    check(text) {
      if (!/\\[bfu]/.test(text)) return undefined
      const found = CONTROL.exec(text)
      return found
        ? { message: `control character ${found[1]}`, offset: found.index + found[0].length - found[1]!.length }
        : undefined
    },
  },
  {
    code: 'HN010',
    severity: 'info',
    what: 'The line ends with a carriage return.',
    why: 'Line counts and checksums differ between tools, and naive readers keep the character.',
    hint: 'save the file with line feeds alone',
    bad: `${example()}\r`,
    good: example(),
    on: 'line',
    check: (text) =>
      text.charCodeAt(text.length - 1) === 13
        ? { message: 'carriage return at the end of the line', offset: text.length - 1 }
        : undefined,
    fix: (row) => row,
  },
  {
    code: 'HN011',
    severity: 'info',
    what: 'The line is empty.',
    why: 'Some loaders count it as a row, others stop there.',
    hint: 'take the line out',
    bad: `${example()}\n\n${example({ id: 'weather-2', messages: [{ role: 'user', content: 'And in Bergen?' }] })}`,
    good: example(),
    on: 'line',
    check: (text, value) =>
      value === undefined && text.trim() === '' ? { message: 'empty line', offset: 0 } : undefined,
    fix: () => null,
  },
  {
    code: 'HN012',
    severity: 'error',
    what: 'The file holds its rows in a list or over several lines.',
    why: 'Training, scoring, evaluation and inference read a row on each line and refuse the file.',
    hint: 'hone prep FILE -o rows.jsonl writes a row on each line',
    bad: `[\n${example()}\n]`,
    good: example(),
    on: 'syntax',
    // The layout of the file is looked at once, before its rows; what is found is reported under this code.
    check: () => undefined,
  },
]

const LONE_SURROGATE =
  /(?:^|[^\\])(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})/
const CONTROL = /(?:^|[^\\])(?:\\\\)*(\\u00(?:0[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])|\\[bf])/

function words(text: string, wrong: (word: string) => boolean, message: string): Fault[] {
  const faults: Fault[] = []
  scan(text, {
    word(word, offset) {
      if (wrong(word)) faults.push({ message: `${word} ${message}`, offset })
    },
  })
  return faults
}

/** Digits that a float cannot hold: an integer beyond 2^53 that is not exact, or a fraction of more than 17 digits. */
function losesPrecision(word: string): boolean {
  if (!/^-?\d/.test(word)) return false
  if (/^-?\d+$/.test(word)) {
    const float = Number(word)
    if (Number.isSafeInteger(float)) return false
    return !Number.isFinite(float) || BigInt(word) !== BigInt(float)
  }
  const digits = word
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
  return digits.length > 17
}

/** Keys of all objects. */
function countKeys(value: Json): number {
  let keys = 0
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i]
      if (typeof item === 'object' && item !== null) keys += countKeys(item)
    }
  } else if (isObject(value)) {
    for (const key in value) {
      keys++
      const item = value[key]
      if (typeof item === 'object' && item !== null) keys += countKeys(item)
    }
  }
  return keys
}

function duplicateKeys(text: string): Fault[] {
  const faults: Fault[] = []
  const seen = new Map<number, Set<string>>()
  scan(text, {
    key(spelling, offset, object) {
      const keys = seen.get(object) ?? new Set()
      seen.set(object, keys)
      const key = keyText(spelling)
      if (keys.has(key)) faults.push({ message: `key ${spelling} for the second time`, offset })
      keys.add(key)
    },
  })
  return faults
}
