// Text of a Java argument → Python value of its schema type, with the patterns of BFCL's Java type converter.
import { Dict, PythonError, type Py } from '../../text/python/value.ts'
import { numberOrText, parseFloating, parseInteger } from '../../text/python/number.ts'
import { pythonRegex } from '../../text/python/regex.ts'
import { strip } from '../../text/python/text.ts'

const INTEGER = pythonRegex(String.raw`^-?\d+$`)
const LONG = pythonRegex(String.raw`^-?\d+[lL]$`)
const FLOAT = pythonRegex(String.raw`^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]$`)
const DOUBLE = pythonRegex(String.raw`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`)
const AS_LIST = pythonRegex(String.raw`new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)`)
const ADDED = pythonRegex(String.raw`new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}`, 's')
const ADD = pythonRegex(String.raw`add\((.+?)\)`, 'g')
const EMPTY_LIST = pythonRegex(String.raw`new\s+ArrayList<\w*>\(\)`)
const ARRAY = pythonRegex(String.raw`new\s+\w+\[\]\s*\{(.*?)\}`)
const MAP = pythonRegex(String.raw`new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}`, 's')
const PUT = pythonRegex(String.raw`put\("(.*?)",\s*(.*?)\)`, 'g')
const EMPTY_MAP = pythonRegex(String.raw`new\s+HashMap<.*?>\s*\(\)`)

type Convert = (text: string, nested: string | null) => Py

const asText: Convert = (text) => text
const whole: Convert = (text) => (INTEGER.test(text) ? parseInteger(text) : text)
const unsupported: Convert = () => {
  throw new PythonError('NotImplementedError', 'no conversion for this collection')
}

/** Text that does not have the form of its type stays text, and fails the type test later. */
const CONVERSIONS: Record<string, Convert> = {
  byte: whole,
  short: whole,
  integer: whole,
  long: (text) => (LONG.test(text) ? parseInteger(withoutSuffix(text)) : text),
  float: (text) => (FLOAT.test(text) ? parseFloating(withoutSuffix(text)) : text),
  double: (text) => (DOUBLE.test(text) ? parseFloating(text) : text),
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  // The original's pattern for a char can match nothing, so a char stays as it is.
  char: asText,
  String: asText,
  any: asText,
  Array: arrayValue,
  ArrayList: listValue,
  HashMap: mapValue,
  Set: unsupported,
  Hashtable: unsupported,
  Queue: unsupported,
  Stack: unsupported,
}

/** @throws PythonError ValueError for an unknown type, NotImplementedError for collections the original does not convert. */
export function javaValue(text: string, type: string, nested: string | null): Py {
  const convert = CONVERSIONS[type]
  if (!convert) throw new PythonError('ValueError', `Unsupported type: ${type}`)
  return convert(text, nested)
}

/** Elements are cut at every comma, inside quotes too. */
function arrayValue(text: string, nested: string | null): Py {
  const body = ARRAY.exec(text)?.[1]
  if (body === undefined) return text
  const elements = body.split(',').map(strip)
  return elements
    .filter((element) => element !== '')
    .map((element) => (nested ? javaValue(element, nested, null) : anyValue(element)))
}

function listValue(text: string, nested: string | null): Py {
  const element = (item: string): Py => {
    // The quotes are cut off blindly.
    if (nested === 'char' || nested === 'String') return [...item].slice(1, -1).join('')
    return nested ? javaValue(item, nested, null) : anyValue(item)
  }
  const listed = AS_LIST.exec(text)?.[1]
  if (listed !== undefined) return listed.split(',').map((item) => element(strip(item)))
  const added = ADDED.exec(text)?.[1]
  if (added !== undefined) return [...added.matchAll(ADD)].map(([, item = '']) => element(strip(item)))
  return EMPTY_LIST.test(text) ? [] : text
}

function mapValue(text: string): Py {
  const body = MAP.exec(text)?.[1]
  if (body === undefined) return EMPTY_MAP.test(text) ? new Dict() : text
  return new Dict([...body.matchAll(PUT)].map(([, key = '', value = '']) => [key, anyValue(strip(value))] as const))
}

/** The value of a text whose type is not stated. */
function anyValue(text: string): Py {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text.startsWith('"') && text.endsWith('"')) return [...text].slice(1, -1).join('')
  if (LONG.test(text)) return parseInteger([...text].slice(0, -1).join(''))
  if (FLOAT.test(text)) return parseFloating(withoutSuffix(text))
  return numberOrText(text)
}

function withoutSuffix(text: string): string {
  return text.replace(/[lLfF](?=\n?$)/, '')
}
