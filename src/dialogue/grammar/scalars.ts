// Strings, numbers and words of a JSON Schema as rules.
import type { Json, JsonObject } from '../../text/json.ts'
import type { Layout } from './layout.ts'
import { patternOf } from './pattern.ts'
import { integersBetween, numbersBetween } from './range.ts'
import { automata, choice, sequence } from './regular.ts'
import { never, terminal, type Rule } from './rule.ts'
import { integer, number, stringOf } from './spelling.ts'

export interface Scalars {
  stringRule(schema: JsonObject, path: string): Rule
  numberRule(type: 'integer' | 'number', schema: JsonObject, path: string): Rule
  /** One value as it is spelt. */
  word(value: Json): Rule
}

/** Strings and numbers of all schemas share their states, and so what is known of tokens there. */
const shared = automata()

export function scalars({ spelling, match, text }: Layout, note: (path: string, keyword: string) => void): Scalars {
  const string = (min?: number, max?: number): Rule => terminal(shared(stringOf(spelling, min, max)))
  const anyNumber = { integer: terminal(shared(integer)), number: terminal(shared(number)) }

  function stringRule(schema: JsonObject, path: string): Rule {
    const { pattern, minLength, maxLength } = schema
    const [min, max] = [countOf(minLength, 0), countOf(maxLength, Infinity)]
    if (typeof pattern === 'string') {
      const spelt = spelling.strings.map(({ quote, character }) => {
        const inner = patternOf(pattern, character)
        return inner && sequence(quote, inner, quote)
      })
      if (spelt.every((each) => each !== undefined)) {
        if (min > 0) note(path, 'minLength')
        if (max < Infinity) note(path, 'maxLength')
        return match(choice(...spelt))
      }
      note(path, 'pattern')
    }
    if (min > max) return never
    return string(min, max)
  }

  function numberRule(type: 'integer' | 'number', schema: JsonObject, path: string): Rule {
    if (schema['multipleOf'] !== undefined && !(type === 'integer' && schema['multipleOf'] === 1))
      note(path, 'multipleOf')
    const low = boundOf(schema, 'minimum', 'exclusiveMinimum', Math.max)
    const high = boundOf(schema, 'maximum', 'exclusiveMaximum', Math.min)
    if (low === undefined && high === undefined) return anyNumber[type]
    const { at: min, open: aboveMin } = low ?? { at: -Infinity, open: false }
    const { at: max, open: belowMax } = high ?? { at: Infinity, open: false }
    if (type === 'integer') {
      const from = aboveMin ? Math.floor(min) + 1 : Math.ceil(min)
      const to = belowMax ? Math.ceil(max) - 1 : Math.floor(max)
      const between = integersBetween(from, to)
      return between ? match(between) : never
    }
    // Bounds within a unit are kept as far as the integers around them go.
    if (low && !Number.isInteger(min)) note(path, aboveMin ? 'exclusiveMinimum' : 'minimum')
    if (high && !Number.isInteger(max)) note(path, belowMax ? 'exclusiveMaximum' : 'maximum')
    const between = numbersBetween({
      min: Math.floor(min),
      max: Math.ceil(max),
      aboveMin: aboveMin && Number.isInteger(min),
      belowMax: belowMax && Number.isInteger(max),
    })
    return between ? match(between) : never
  }

  return { stringRule, numberRule, word: (value) => text(spelling.value(value)) }
}

/** A count of a schema. */
export const countOf = (value: Json | undefined, otherwise: number): number =>
  typeof value === 'number' && value >= 0 ? Math.ceil(value) : otherwise

interface Bound {
  at: number
  /** The bound itself is left out. */
  open: boolean
}

/** The narrower of a bound and one that leaves itself out; draft 4 says the latter as a flag. */
function boundOf(
  schema: JsonObject,
  closed: string,
  open: string,
  narrower: (a: number, b: number) => number,
): Bound | undefined {
  const [a, b] = [numberIn(schema[closed]), numberIn(schema[open])]
  if (b === undefined) return a === undefined ? undefined : { at: a, open: schema[open] === true }
  if (a === undefined) return { at: b, open: true }
  return { at: narrower(a, b), open: a === b || narrower(a, b) === b }
}

function numberIn(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'object' && value !== null && 'value' in value && typeof value.value === 'number'
    ? value.value
    : undefined
}
