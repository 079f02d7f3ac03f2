// Numbers between bounds as regular expressions over their digits.
import { bytes, choice, literal, optional, repeat, sequence, type Regex } from './regular.ts'
import { DIGITS } from './spelling.ts'

export interface Bounds {
  min: number
  max: number
  /** The bound itself is left out. */
  aboveMin?: boolean
  belowMax?: boolean
}

const digits = (first: number, last: number): Regex => bytes([0x30 + first, 0x30 + last])
const any = (count: number): Regex[] => (count === 0 ? [] : [repeat(digits(0, 9), count, count)])

/** Integers from `min` to `max`, both in; Infinity ends where digits do. Undefined where there are none. */
export function integersBetween(min: number, max: number): Regex | undefined {
  const options = [
    ...(min < 0 ? naturals(Math.max(1, -max), -min).map((digits) => sequence(literal('-'), digits)) : []),
    ...(max >= 0 ? naturals(Math.max(0, min), max) : []),
  ]
  return options.length > 0 ? choice(...options) : undefined
}

/**
 * Decimals between bounds that are integers, without exponents: the integer before the point, and after it any digits, none, or
 * such as are not all 0.
 */
export function numbersBetween({ min, max, aboveMin = false, belowMax = false }: Bounds): Regex | undefined {
  const options = [
    ...(min < 0
      ? magnitudes({ min: Math.max(0, -max), max: -min, aboveMin: belowMax && max <= 0, belowMax: aboveMin }).map(
          (magnitude) => sequence(literal('-'), magnitude),
        )
      : []),
    ...(max >= 0 ? magnitudes({ min: Math.max(0, min), max, aboveMin: aboveMin && min >= 0, belowMax }) : []),
  ]
  return options.length > 0 ? choice(...options) : undefined
}

/** Few digits, lest rounding carry a number onto a bound that is left out. */
const perhaps = optional(sequence(literal('.'), repeat(digits(0, 9), 1, 9)))
const something = sequence(literal('.'), repeat(literal('0'), 0, 4), digits(1, 9), repeat(digits(0, 9), 0, 4))

/** Of bounds from 0 on. */
function magnitudes({ min, max, aboveMin = false, belowMax = false }: Bounds): Regex[] {
  const whole = (from: number, to: number, after: Regex): Regex[] =>
    naturals(from, to).map((digits) => sequence(digits, after))
  return [
    ...(min < max && aboveMin ? whole(min, min, something) : []),
    ...whole(aboveMin ? min + 1 : min, max - 1, perhaps),
    ...(belowMax || (aboveMin && min === max) ? [] : naturals(max, max)),
  ]
}

/** Natural numbers from `min` to `max` without leading zeros. */
function naturals(min: number, max: number): Regex[] {
  const end = Math.min(max, 10 ** DIGITS - 1)
  if (min > end) return []
  const from = String(min)
  const to = String(end)
  // Numbers of each length on their own.
  return Array.from({ length: to.length - from.length + 1 }, (_, i) => {
    const length = from.length + i
    return between(
      length === from.length ? from : `1${'0'.repeat(length - 1)}`,
      length === to.length ? to : '9'.repeat(length),
    )
  })
}

/** Digits between two texts of one length. */
function between(from: string, to: string): Regex {
  if (from === to) return literal(from)
  const [a, b] = [Number(from[0]), Number(to[0])]
  const rest = from.length - 1
  if (rest === 0) return digits(a, b)
  if (a === b) return sequence(digits(a, a), between(from.slice(1), to.slice(1)))
  const low = /^0*$/.test(from.slice(1))
  const high = /^9*$/.test(to.slice(1))
  const [first, last] = [low ? a : a + 1, high ? b : b - 1]
  return choice(
    ...(low ? [] : [sequence(digits(a, a), between(from.slice(1), '9'.repeat(rest)))]),
    ...(first <= last ? [sequence(digits(first, last), ...any(rest))] : []),
    ...(high ? [] : [sequence(digits(b, b), between('0'.repeat(rest), to.slice(1)))]),
  )
}
