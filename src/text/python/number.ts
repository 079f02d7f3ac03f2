// Text to number as Python's int() and float() read it: white space around, digits of any script, underscores between digits.
import { float, integer, PythonError, type Py } from './value.ts'
import { strip } from './text.ts'

const INTEGER = /^[-+]?\d+(?:_\d+)*$/
const DIGITS = String.raw`\d+(?:_\d+)*`
const FLOAT = new RegExp(
  String.raw`^[-+]?(?:(?:${DIGITS}(?:\.(?:${DIGITS})?)?|\.${DIGITS})(?:[eE][-+]?${DIGITS})?|nan|inf(?:inity)?)$`,
  'i',
)
/** sys.int_info.default_max_str_digits */
const MAX_DIGITS = 4300

/** `int(text)`. @throws PythonError ValueError. */
export function parseInteger(text: string): number | bigint {
  const ascii = asciiDigits(strip(text))
  if (!INTEGER.test(ascii))
    throw new PythonError('ValueError', `invalid literal for int() with base 10: ${JSON.stringify(text)}`)
  const digits = ascii.replace(/[+_]/g, '')
  if (digits.replace('-', '').length > MAX_DIGITS)
    throw new PythonError('ValueError', `Exceeds the limit (${MAX_DIGITS} digits)`)
  return integer(digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits))
}

/** `float(text)`. @throws PythonError ValueError. */
export function parseFloating(text: string): Exclude<Py, null> {
  const ascii = asciiDigits(strip(text))
  if (!FLOAT.test(ascii))
    throw new PythonError('ValueError', `could not convert string to float: ${JSON.stringify(text)}`)
  const plain = ascii.replaceAll('_', '').toLowerCase()
  if (plain.endsWith('nan')) return NaN
  if (plain.includes('inf')) return plain.startsWith('-') ? -Infinity : Infinity
  return float(Number(plain))
}

/** The text as int() reads it, else as float() does, else as it is. */
export function numberOrText(text: string): Exclude<Py, null> {
  for (const read of [parseInteger, parseFloating]) {
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof PythonError)) throw error
    }
  }
  return text
}

/** `f'{value:.{digits}f}'`: as toFixed, but an exact half goes to the even digit. */
export function formatFixed(value: number, digits: number): string {
  const rounded = value.toFixed(digits)
  const exact = value.toFixed(Math.min(100, digits + 60))
  const cut = exact.length - 60
  const isTie = /^50*$/.test(exact.slice(cut)) && /[02468]$/.test(exact.slice(0, cut).replace(/\.$/, ''))
  return isTie ? exact.slice(0, cut).replace(/\.$/, '') : rounded
}

/** Decimal digits of every script as 0–9: each script's ten stand in a row, from its zero on (Unicode, category Nd). */
function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!
    let first = code
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
    return String((code - first) % 10)
  })
}
