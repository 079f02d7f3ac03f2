// ToolACE's call language, read properly: [Name With / Anything (2022)(key="value", other=[1, True])].
import { Float, parseJson, type Json, type JsonObject } from '../text/json.ts'
import type { ToolCall } from '../dialogue/row.ts'

/**
 * The calls of `text`, or undefined where it is not wholly a list of calls. A name may hold any character; `names` (the
 * tools on offer) are tried first, longest first, else a name ends at the first parenthesis whose content reads as
 * arguments. Values are Python or JSON literals; what is neither is kept as text. Tuples and sets become arrays.
 */
export function parseToolaceCalls(text: string, names: readonly string[] = []): ToolCall[] | undefined {
  const longestFirst = [...names].sort((a, b) => b.length - a.length)
  const reader = new Reader(text.trim())
  if (!reader.take('[')) return undefined
  const calls: ToolCall[] = []
  reader.skipSpace()
  if (!reader.take(']')) {
    for (;;) {
      const call = readCall(reader, longestFirst)
      if (!call) return undefined
      calls.push(call)
      if (reader.take(']')) break
      if (!reader.take(',')) return undefined
    }
  }
  return reader.atEnd() ? calls : undefined
}

function readCall(reader: Reader, names: readonly string[]): ToolCall | undefined {
  reader.skipSpace()
  const start = reader.at
  for (const name of names) {
    if (!reader.text.startsWith(name, start)) continue
    reader.at = start + name.length
    const values = readArguments(reader)
    if (values) return { name, arguments: values }
  }
  for (let open = reader.text.indexOf('(', start); open >= 0; open = reader.text.indexOf('(', open + 1)) {
    reader.at = open
    const name = reader.text.slice(start, open).trim()
    const values = name === '' ? undefined : readArguments(reader)
    if (values) return { name, arguments: values }
    if (open - start > LONGEST_NAME) return undefined
  }
  return undefined
}

/** `(key=value, …)` followed by a comma or the end of the list; undefined where it reads otherwise. */
function readArguments(reader: Reader): JsonObject | undefined {
  reader.skipSpace()
  if (!reader.take('(')) return undefined
  const values: JsonObject = {}
  reader.skipSpace()
  if (!reader.take(')')) {
    for (;;) {
      const key = reader.match(KEY)
      if (key === undefined) return undefined
      const value = readArgument(reader)
      if (value === undefined) return undefined
      set(values, key.slice(0, key.lastIndexOf('=')).trim(), value)
      if (reader.take(')')) break
      if (!reader.take(',')) return undefined
      reader.skipSpace()
    }
  }
  reader.skipSpace()
  return reader.peek() === ',' || reader.peek() === ']' ? values : undefined
}

/** A literal up to the next comma or parenthesis, else the bare text up to there. */
function readArgument(reader: Reader): Json | undefined {
  const start = reader.at
  const value = readValue(reader, 0)
  reader.skipSpace()
  if (value !== undefined && (reader.peek() === ',' || reader.peek() === ')')) return value
  reader.at = start
  return readBareText(reader)
}

function readBareText(reader: Reader): string | undefined {
  const start = reader.at
  const open: string[] = []
  for (; reader.at < reader.text.length; reader.at++) {
    const character = reader.text[reader.at]!
    if (open.length === 0 && (character === ',' || character === ')')) return reader.text.slice(start, reader.at).trim()
    if (character in CLOSING) open.push(CLOSING[character]!)
    else if (character === open.at(-1)) open.pop()
  }
  return undefined
}

function readValue(reader: Reader, depth: number): Json | undefined {
  if (depth > DEEPEST) return undefined
  reader.skipSpace()
  const first = reader.peek()
  if (first === '"' || first === "'") return readString(reader)
  if (first === '[' || first === '(') return readItems(reader, first === '[' ? ']' : ')', depth)
  if (first === '{') return readBraces(reader, depth)
  const number = reader.match(NUMBER)
  if (number !== undefined) return toNumber(number)
  const word = reader.match(WORD)
  return word !== undefined && Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
}

function readItems(reader: Reader, close: string, depth: number): Json[] | undefined {
  reader.at++
  const items: Json[] = []
  for (;;) {
    reader.skipSpace()
    if (reader.take(close)) return items
    const item = readValue(reader, depth + 1)
    if (item === undefined) return undefined
    items.push(item)
    reader.skipSpace()
    if (!reader.take(',') && reader.peek() !== close) return undefined
  }
}

/** A dict, or a set where the first element is followed by no colon. */
function readBraces(reader: Reader, depth: number): Json | undefined {
  reader.at++
  const object: JsonObject = {}
  const items: Json[] = []
  for (;;) {
    reader.skipSpace()
    if (reader.take('}')) return items.length > 0 ? items : object
    const key = readValue(reader, depth + 1)
    if (key === undefined) return undefined
    reader.skipSpace()
    if (reader.take(':')) {
      const value = readValue(reader, depth + 1)
      if (value === undefined || items.length > 0) return undefined
      set(object, keyText(key), value)
    } else items.push(key)
    reader.skipSpace()
    if (!reader.take(',') && reader.peek() !== '}') return undefined
  }
}

/** Adjacent strings join, as in Python. */
function readString(reader: Reader): string | undefined {
  let whole = ''
  for (;;) {
    const quote = reader.peek()
    if (quote !== '"' && quote !== "'") return whole
    const end = quote.repeat(reader.text.startsWith(quote.repeat(3), reader.at) ? 3 : 1)
    reader.at += end.length
    while (!reader.take(end)) {
      if (reader.at >= reader.text.length) return undefined
      whole += reader.text[reader.at] === '\\' ? readEscape(reader) : reader.text[reader.at++]
    }
    reader.skipSpace()
  }
}

/** Escapes of Python and JSON strings; an unknown one stays as it is written. */
function readEscape(reader: Reader): string {
  const code = reader.match(CODE)
  if (code !== undefined) {
    const point = parseInt(code.slice(2), 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : code
  }
  const letter = reader.text[reader.at + 1] ?? ''
  reader.at += 1 + letter.length
  return ESCAPES[letter] ?? `\\${letter}`
}

/** A position in a text. */
class Reader {
  at = 0
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  peek(): string | undefined {
    return this.text[this.at]
  }
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }
  skipSpace(): void {
    this.match(SPACE)
  }
  atEnd(): boolean {
    return this.at === this.text.length
  }
}

const LONGEST_NAME = 300
const DEEPEST = 100
const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' }
const SPACE = /\s*/y
const KEY = /[^=,()[\]{}"']+=/y
const NUMBER = /[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])/y
const WORD = /[A-Za-z]+(?!\w)/y
const WORDS: Record<string, Json> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
  NaN: NaN,
  Infinity: Infinity,
}
const CODE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  a: '\x07',
  v: '\v',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '/': '/',
  '\n': '',
}

/** Digits in Python's spelling as a lossless number: no underscores, no plus, no bare point, no leading zeros. */
function toNumber(text: string): Json {
  const plain = text
    .replace(/[_+]/g, (mark, at: number) => (mark === '+' && at > 0 ? '+' : ''))
    .replace(/^(-?)0+(?=\d)/, '$1')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=$|[eE])/, '.0')
  return parseJson(plain)
}

function keyText(key: Json): string {
  return typeof key === 'string' ? key : key instanceof Float ? key.value.toFixed(1) : String(key)
}

function set(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
