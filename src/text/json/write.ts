// Writes JSON as Python's json.dumps does.
import { Float, keysOf, type Json } from './value.ts'

export interface DumpOptions {
  sortKeys?: boolean
  /** Spaces a level, with every item on a line of its own; on one line unless given. */
  indent?: number
  /** Between items and after a key; Python's default is [', ', ': '], with an indent [',', ': ']. */
  separators?: readonly [item: string, key: string]
  ensureAscii?: boolean
}

/** The text json.dumps gives. Lone surrogates stay escaped even when `ensureAscii` is false, so the text is valid UTF-8. */
export function dumpJson(value: Json, options: DumpOptions = {}): string {
  const { sortKeys = false, indent, ensureAscii = true } = options
  const [comma, colon] = options.separators ?? [indent === undefined ? ', ' : ',', ': ']
  return dump(value, 0)

  function dump(value: Json, depth: number): string {
    if (typeof value === 'string') return dumpString(value, ensureAscii)
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : floatText(value)
    if (value instanceof Float) return floatText(value.value)
    if (Array.isArray(value))
      return (
        '[' +
        laid(
          value.map((item) => dump(item, depth + 1)),
          depth,
        ) +
        ']'
      )
    if (typeof value !== 'object' || value === null) return String(value)
    const keys = sortKeys ? Object.keys(value).sort(byCodePoint) : keysOf(value)
    const pairs = keys.map((key) => dumpString(key, ensureAscii) + colon + dump(value[key] ?? null, depth + 1))
    return '{' + laid(pairs, depth) + '}'
  }

  function laid(items: string[], depth: number): string {
    if (indent === undefined || items.length === 0) return items.join(comma)
    const line = (depth: number) => '\n' + ' '.repeat(Math.max(0, indent * depth))
    return line(depth + 1) + items.join(comma + line(depth + 1)) + line(depth)
  }
}

/** A float as Python's repr and json.dumps spell it: 5.0, 1e+16, 1e-05, NaN, Infinity. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value !== 0 && (power < -4 || power >= 16)) {
    return digits + 'e' + (power < 0 ? '-' : '+') + String(Math.abs(power)).padStart(2, '0')
  }
  return (Object.is(value, -0) ? '-0' : String(value)) + (Number.isInteger(value) ? '.0' : '')
}

/** Numbers in single precision as decimals that say which they are: nine digits tell any two apart. */
export function decimalsOf(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)))
}

function dumpString(value: string, ensureAscii: boolean): string {
  const text = JSON.stringify(value)
  if (!ensureAscii) return text
  return text.replace(/[\x7f-\uffff]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** UTF-16 order with the surrogates above the rest of the basic plane: the order of code points. */
function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
