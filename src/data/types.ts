// Type spellings of data sets (Python annotations, Java and JavaScript names) read into JSON Schema.
import type { JsonObject } from '../text/json.ts'

/** What a type expression says: a schema, and whether it says that the value may be left out. */
export interface TypeReading {
  schema: JsonObject
  optional: boolean
}

/** The types of JSON Schema (draft 2020-12, validation 6.1.1). */
export const SCHEMA_TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'] as const

/** Spelling, lower-cased, without arguments → JSON Schema type. `any` says nothing about the value. */
const NAMES: Record<string, (typeof SCHEMA_TYPES)[number] | 'any'> = {
  ...Object.fromEntries(SCHEMA_TYPES.map((name) => [name, name])),
  ...spellings(
    'string',
    'str text char character bytes bytearray complex date time datetime datetime.date datetime.datetime timedelta timestamp url uri uuid email path file enum callable function regex pattern decimal.decimal',
  ),
  ...spellings('integer', 'int long short byte bigint int32 int64 uint uint32 uint64 np.int64 positiveint'),
  ...spellings('number', 'float double decimal numeric real float32 float64 np.float64'),
  ...spellings('boolean', 'bool'),
  ...spellings(
    'array',
    'list tuple set frozenset sequence iterable iterator collection arraylist linkedlist vector queue deque stack np.ndarray numpy.ndarray ndarray',
  ),
  ...spellings(
    'object',
    'dict dictionary map mapping hashmap hashtable treemap defaultdict ordereddict json record struct pd.dataframe dataframe counter',
  ),
  ...spellings('null', 'none nonetype void'),
  ...spellings('any', 'any object? unknown mixed variant'),
}

/**
 * Read a type expression such as `str, optional`, `List[Union[int, float]]`, `Tuple[float, float]`, `Dict[str, int]`,
 * `int | None`, `string[]` or `Literal['a', 'b']`; undefined where a name in it is unknown.
 */
export function readType(text: string): TypeReading | undefined {
  const known = readings.get(text)
  if (known !== undefined || readings.has(text)) return known
  const reading = readFresh(text)
  if (readings.size < REMEMBERED) readings.set(text, reading)
  return reading
}

/** Data sets repeat a handful of spellings. */
const readings = new Map<string, TypeReading | undefined>()
const REMEMBERED = 10_000

function readFresh(text: string): TypeReading | undefined {
  const plain = text.trim()
  const parts = splitTop(plain, ',').map((part) => part.trim())
  const notes = parts.slice(1)
  if (notes.length > 0 && notes.every((note) => NOTES.test(note))) {
    const reading = readType(parts[0]!)
    return reading && { ...reading, optional: reading.optional || notes.some((note) => /^optional/i.test(note)) }
  }
  const alternatives = splitTop(plain.replace(/\s+or\s+/gi, '|'), '|')
  if (alternatives.length > 1) return union(alternatives)
  if (plain.endsWith('[]')) return array(readType(plain.slice(0, -2)))
  const generic = /^([\w.]+)\s*[[<(](.*)[\])>]$/s.exec(plain)
  if (generic)
    return readGeneric(generic[1]!.toLowerCase().replace(/^(typing|t|collections)\./, ''), splitTop(generic[2]!, ','))
  const name = typeNamed(plain.toLowerCase().replace(/^(typing|collections)\./, ''))
  if (name === undefined) return undefined
  return { schema: name === 'any' ? {} : { type: name }, optional: false }
}

/** Own keys alone: "constructor" is no type. */
const typeNamed = (name: string) => (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined)

function readGeneric(name: string, parameters: string[]): TypeReading | undefined {
  const inner = parameters.map((parameter) => parameter.trim()).filter((parameter) => parameter !== '')
  if (name === 'optional') {
    const reading = union(inner)
    return reading && { ...reading, optional: true }
  }
  if (name === 'union') return union(inner)
  if (name === 'literal' || name === 'enum') return { schema: { enum: inner.map(unquote) }, optional: false }
  if (name === 'callable' || name === 'type' || name === 'pattern')
    return { schema: { type: 'string' }, optional: false }
  if (name === 'annotated' || name === 'final') return readType(inner[0] ?? '')
  if (name === 'tuple' && inner.length > 0 && inner.at(-1) !== '...') {
    const readings = inner.map((part) => readType(part))
    if (!readings.every((reading) => reading !== undefined)) return undefined
    const prefixItems = readings.map(({ schema }) => schema)
    return { schema: { type: 'array', prefixItems, minItems: inner.length, maxItems: inner.length }, optional: false }
  }
  const outer = typeNamed(name)
  if (outer === 'array') return array(readType(inner[0] ?? 'any'))
  if (outer === 'object') {
    const values = readType(inner[1] ?? 'any')
    return values && { schema: { type: 'object', additionalProperties: values.schema }, optional: false }
  }
  // Lengths and ranges in brackets, such as str(10) or int[1-5], say nothing about the type.
  return outer === undefined || outer === 'any' ? undefined : { schema: { type: outer }, optional: false }
}

function array(items: TypeReading | undefined): TypeReading | undefined {
  return items && { schema: { type: 'array', items: items.schema }, optional: false }
}

/** Plain types become a type list, anything else `anyOf`. None makes the value optional as well as nullable. */
function union(parts: string[]): TypeReading | undefined {
  const readings = parts.map((part) => readType(part))
  if (readings.length === 0 || !readings.every((reading) => reading !== undefined)) return undefined
  const schemas = readings.map(({ schema }) => schema)
  if (schemas.length === 1) return readings[0]
  if (schemas.some((schema) => Object.keys(schema).length === 0)) return { schema: {}, optional: false }
  const optional = schemas.some((schema) => schema['type'] === 'null')
  const names = schemas.map((schema) => (Object.keys(schema).length === 1 ? schema['type'] : undefined))
  if (names.every((name) => typeof name === 'string')) return { schema: { type: [...new Set(names)] }, optional }
  return { schema: { anyOf: schemas }, optional }
}

/** Split at `separator` outside brackets and quotes. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quote = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (quote) {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if ('[(<{'.includes(character)) depth++
    else if ('])>}'.includes(character)) depth--
    else if (character === separator && depth === 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

const NOTES = /^(optional|required|default\b.*|defaults?\s.*|in\s.*|format.*)$/i

const unquote = (text: string): string => text.replace(/^(['"])(.*)\1$/s, '$2')

function spellings<T extends string>(type: T, words: string): Record<string, T> {
  return Object.fromEntries(words.split(' ').map((word) => [word, type]))
}
