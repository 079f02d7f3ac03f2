// Python values as text: repr and str, spelt as CPython spells them.
import { Float, floatText } from '../json.ts'
import { Bytes, Complex, Dict, ELLIPSIS, PySet, PythonError, Tuple, typeName, type Py } from './value.ts'

/** Python's `repr`. */
export function repr(value: Py): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return typeName(value) === 'int' ? String(value) : floatRepr(value)
  if (typeof value === 'bigint') return bigintRepr(value)
  if (typeof value === 'string') return stringRepr(value)
  if (value === ELLIPSIS) return 'Ellipsis'
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`
  if (value instanceof Dict)
    return `{${[...value.entries()].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`
  if (value instanceof Float) return floatRepr(value.value)
  if (value instanceof Tuple)
    return value.items.length === 1 ? `(${repr(value.items[0]!)},)` : `(${value.items.map(repr).join(', ')})`
  if (value instanceof PySet) return value.items.length === 0 ? 'set()' : `{${value.items.map(repr).join(', ')}}`
  return value instanceof Bytes ? bytesRepr(value.bytes) : complexRepr(value)
}

/** Python's `str`. */
export function str(value: Py): string {
  return typeof value === 'string' ? value : repr(value)
}

/** `repr` of a float: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on. */
export function floatRepr(value: number): string {
  if (Number.isFinite(value)) return floatText(value)
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

/** sys.int_info.default_max_str_digits */
const MAX_DIGITS = 4300

function bigintRepr(value: bigint): string {
  const text = String(value)
  if (text.length - (value < 0 ? 1 : 0) <= MAX_DIGITS) return text
  throw new PythonError('ValueError', `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion`)
}

/** Characters that `repr` escapes: category Other, and every separator but the space. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u
const SHORT_ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = quote
  for (const character of text) {
    if (character === quote) out += `\\${quote}`
    else
      out +=
        SHORT_ESCAPES[character] ?? (UNPRINTABLE.test(character) ? escapeCode(character.codePointAt(0)!) : character)
  }
  return out + quote
}

function escapeCode(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

function bytesRepr(bytes: number[]): string {
  const text = String.fromCharCode(...bytes)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = bytes.map((byte) => {
    const character = String.fromCharCode(byte)
    if (character === quote) return `\\${quote}`
    return (
      SHORT_ESCAPES[character] ?? (byte < 32 || byte > 126 ? `\\x${byte.toString(16).padStart(2, '0')}` : character)
    )
  })
  return `b${quote}${body.join('')}${quote}`
}

function complexRepr({ real, imag }: Complex): string {
  const part = (value: number) => floatRepr(value).replace(/\.0$/, '')
  if (real === 0 && !Object.is(real, -0)) return `${part(imag)}j`
  return `(${part(real)}${(imag >= 0 && !Object.is(imag, -0)) || Number.isNaN(imag) ? '+' : ''}${part(imag)}j)`
}
