// Text of a JavaScript argument → Python value of its schema type, with the patterns of BFCL's JavaScript type converter.
import { Dict, PythonError, type Py } from '../../text/python/value.ts'
import { numberOrText, parseFloating, parseInteger } from '../../text/python/number.ts'
import { pythonRegex } from '../../text/python/regex.ts'
import { strip, stripOf } from '../../text/python/text.ts'

const INTEGER = pythonRegex(String.raw`^-?\d+$`)
const FLOAT = pythonRegex(String.raw`^-?\d+(\.\d+)?$`)
const BIGINT = pythonRegex(String.raw`^-?\d+n$`)
const ARRAYS = pythonRegex(
  String.raw`^(?:\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]|\bnew\s+Array\(\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\))`,
)
const INNER = pythonRegex(String.raw`\[(.*?)\]`, 'g')
const ARRAY = pythonRegex(String.raw`^(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))`)
const OBJECT = pythonRegex(String.raw`^\{(.*?)\}`)
const PAIR = pythonRegex(String.raw`([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)`, 'g')

type Convert = (text: string, nested: string | null) => Py

/** Text that does not have the form of its type stays text, and fails the type test later. */
const CONVERSIONS: Record<string, Convert> = {
  String: unquoted,
  integer: (text) => (INTEGER.test(text) ? parseInteger(text) : text),
  float: (text) => (FLOAT.test(text) ? parseFloating(text) : text),
  Bigint: (text) => (BIGINT.test(text) ? parseInteger([...text].slice(0, -1).join('')) : text),
  Boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  any: (text) => text,
  dict: (text) => objectValue(strip(text)),
  array: (text, nested) => arrayValue(strip(text), nested),
}

/** @throws PythonError ValueError for an unknown type and for `123n` before a line end. */
export function javascriptValue(text: string, type: string, nested: string | null): Py {
  const convert = CONVERSIONS[type]
  if (!convert) throw new PythonError('ValueError', `Unsupported type: ${type}`)
  return convert(text, nested)
}

/** Whatever goes wrong inside an array leaves it as text. */
function arrayValue(text: string, nested: string | null): Py {
  try {
    const arrays = ARRAYS.exec(text)?.[0]
    if (arrays !== undefined) return [...arrays.matchAll(INNER)].map(([, inner = ''], i) => innerArray(inner, i))
    const array = ARRAY.exec(text)
    if (!array) return text
    const body = strip(array[1] ?? array[2] ?? '')
    const elements = body === '' ? [] : body.split(',').map(strip)
    return elements.map((element) => (nested ? javascriptValue(element, nested, null) : anyValue(element)))
  } catch (error) {
    if (error instanceof PythonError) return text
    throw error
  }
}

/** The first match still holds the outer bracket. */
function innerArray(text: string, index: number): Py[] {
  const stripped = strip(text)
  const body = index === 0 && stripped.startsWith('[') ? stripped.slice(1) : stripped
  return body.split(',').map(anyValue)
}

function objectValue(text: string): Py {
  if (text === '{}') return new Dict()
  const body = OBJECT.exec(text)?.[1]
  if (body === undefined) return text
  return new Dict(
    [...body.matchAll(PAIR)].map(
      ([, key = '', value = '']) => [withoutQuotes(strip(key)), memberValue(strip(value))] as const,
    ),
  )
}

function memberValue(text: string): Py {
  if (text.startsWith('[') && text.endsWith(']')) return arrayValue(text, null)
  if (text.startsWith('{') && text.endsWith('}')) return objectValue(text)
  return anyValue(withoutQuotes(text))
}

/** The value of a text whose type is not stated. */
function anyValue(text: string): Py {
  const value = strip(text)
  if (value === 'true' || value === 'false') return value === 'true'
  if (isQuoted(value)) return unquoted(value)
  return numberOrText(value)
}

/** A single quote mark counts as quoted: it starts and ends with itself. */
function isQuoted(text: string): boolean {
  return ['"', "'"].some((quote) => text.startsWith(quote) && text.endsWith(quote))
}

/** The text without the quotes around it, where there are any. */
export function unquoted(text: string): string {
  return isQuoted(text) ? text.slice(1, -1) : text
}

function withoutQuotes(text: string): string {
  return stripOf(text, `'"`)
}
