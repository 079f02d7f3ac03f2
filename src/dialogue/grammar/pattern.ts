// The common part of JavaScript's regular expressions, as a JSON Schema's `pattern` has them, over the characters of a string.
import { bytes, choice, optional, repeat, sequence, type Regex } from './regular.ts'

/** A pattern with something that is not read here. */
class Unread extends Error {}

/** As many repetitions as a pattern may ask for, and as deep as it may nest. */
const MOST = 1000

/** ASCII that stands in a string as it is. */
const PLAIN = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).filter((c) => !`"'\\`.includes(c))
const CLASSES: Record<string, RegExp> = { d: /\d/, D: /\D/, w: /\w/, W: /\W/, s: /\s/, S: /\S/ }

/**
 * Texts in which the pattern is found, of printable ASCII without quotes and backslashes; `character` is what may stand before
 * and after where it is not anchored. Undefined for look-around, back references, Unicode classes and other rare things.
 */
export function patternOf(source: string, character: Regex): Regex | undefined {
  let at = 0
  try {
    new RegExp(source, 'u')
    const read = alternatives(0)
    return at === source.length ? read : undefined
  } catch (error) {
    if (error instanceof Unread || error instanceof SyntaxError) return undefined
    throw error
  }

  /** Each alternative of the outermost level has anchors of its own. */
  function alternatives(depth: number): Regex {
    if (depth > MOST) throw new Unread()
    const options: Regex[] = []
    do options.push(row(depth))
    while (source[at] === '|' && at++ >= 0)
    return choice(...options)
  }

  function row(depth: number): Regex {
    const open = repeat(character, 0, Infinity)
    const parts: Regex[] = []
    let [begun, ended] = [depth > 0, depth > 0]
    if (!begun && source[at] === '^') begun = at++ >= 0
    const atStart = begun
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      if (depth === 0 && source[at] === '$' && (at + 1 === source.length || source[at + 1] === '|')) {
        ended = at++ >= 0
        break
      }
      parts.push(counted(atom(depth)))
    }
    return sequence(...(atStart ? [] : [open]), ...parts, ...(ended ? [] : [open]))
  }

  function atom(depth: number): Regex {
    const sign = source[at++]!
    if (sign === '(') {
      if (source[at] === '?' && !source.startsWith('?:', at)) throw new Unread()
      if (source[at] === '?') at += 2
      const inner = alternatives(depth + 1)
      if (source[at++] !== ')') throw new Unread()
      return inner
    }
    if (sign === '[') return klass()
    if (sign === '.') return character
    if (sign === '\\') return among(escaped())
    if ('^$*+?{}]'.includes(sign)) throw new Unread()
    return among((c) => c === sign)
  }

  function counted(body: Regex): Regex {
    const [text, min, comma, max] = /^(?:\{(\d+)(,?)(\d*)\}|[*+?])\??/.exec(source.slice(at)) ?? []
    if (text === undefined) return body
    at += text.length
    if (text[0] === '?') return optional(body)
    const [from, to] = min === undefined ? [text[0] === '+' ? 1 : 0, Infinity] : [Number(min), Number(max || min)]
    const end = comma && max === '' ? Infinity : to
    if (from > MOST || (end !== Infinity && end > MOST) || mayBeEmpty(body)) throw new Unread()
    return repeat(body, from, end)
  }

  function klass(): Regex {
    const negated = source[at] === '^' && at++ >= 0
    const tests: ((c: string) => boolean)[] = []
    while (source[at] !== ']') {
      if (at >= source.length) throw new Unread()
      const first = source[at] === '\\' ? (at++, escaped()) : source[at++]!
      if (typeof first === 'string' && source[at] === '-' && source[at + 1] !== ']') {
        at++
        const last = source[at] === '\\' ? (at++, escaped()) : source[at++]!
        if (typeof last !== 'string') throw new Unread()
        tests.push((c) => c >= first && c <= last)
      } else tests.push(testOf(first))
    }
    at++
    return among((c) => tests.some((test) => test(c)) !== negated)
  }

  function escaped(): string | ((c: string) => boolean) {
    const sign = source[at++] ?? ''
    const known = CLASSES[sign]
    if (known) return (c) => known.test(c)
    if (/[a-zA-Z0-9]/.test(sign)) throw new Unread()
    return sign
  }
}

const testOf = (test: string | ((c: string) => boolean)) =>
  typeof test === 'string' ? (c: string) => c === test : test

/** The plain characters that a test holds of. */
function among(test: string | ((c: string) => boolean)): Regex {
  const held = PLAIN.filter(testOf(test)).map((c) => c.charCodeAt(0))
  if (held.length === 0) throw new Unread()
  return bytes(...held.map((code) => [code, code] as const))
}

function mayBeEmpty(regex: Regex): boolean {
  if (regex.kind === 'set') return false
  if (regex.kind === 'sequence') return regex.parts.every(mayBeEmpty)
  if (regex.kind === 'choice') return regex.options.some(mayBeEmpty)
  return regex.min === 0 || mayBeEmpty(regex.body)
}
