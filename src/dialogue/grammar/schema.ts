// JSON Schema as a grammar: of every schema the rule of its values, and what of it the rule does not keep.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'
import { members } from './members.ts'
import { mergeAll, targetOf } from './resolve.ts'
import { countOf, scalars, type Scalars } from './scalars.ts'
import { reads } from './machine.ts'
import { either, inRow, lazy, never, nothing, times, type Rule } from './rule.ts'
import type { Layout } from './layout.ts'

/** Something that a schema asks and the grammar does not see to. `path` is a JSON pointer into the schema. */
export interface Unkept {
  path: string
  keyword: string
}

export interface SchemaRules {
  /** The values of a schema. `root` is what its references point into. */
  value(schema: Json, root?: Json): Rule
  /** The named members of an object schema as they are, for whoever writes them otherwise. */
  object(schema: JsonObject, root?: Json): ObjectRules
  unkept: readonly Unkept[]
}

export interface ObjectRules {
  properties: { name: string; value: Rule; required: boolean }[]
  /** Of members that are not named; undefined where there are none. */
  additional: Rule | undefined
}

/** Keywords that no rule here keeps. */
const IGNORED = [
  'not',
  'if',
  'contains',
  'uniqueItems',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'propertyNames',
  'patternProperties',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'format',
  'contentEncoding',
]

const TYPES = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'] as const
type Type = (typeof TYPES)[number]
/** Integers are numbers. */
const EVERY = TYPES.filter((type) => type !== 'integer')

/** What a schema speaks of where it names no type. */
const SIGNS: Partial<Record<Type, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['pattern', 'minLength', 'maxLength'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
}

export function schemaRules(layout: Layout): SchemaRules {
  const unkept: Unkept[] = []
  const note = (path: string, keyword: string): void => {
    if (!unkept.some((each) => each.path === path && each.keyword === keyword)) unkept.push({ path, keyword })
  }
  const { text, comma, spelling, order } = layout
  const { stringRule, numberRule, word }: Scalars = scalars(layout, note)
  const known = new Map<Json, Rule>()

  const anything: Rule = lazy(() => either(...EVERY.map((type) => typed(type, {}, {}, ''))))

  function value(schema: Json, root: Json = schema, path = ''): Rule {
    if (schema === true) return anything
    if (schema === false) return never
    if (!isObject(schema)) return (note(path, 'schema'), anything)
    for (const keyword of IGNORED) if (schema[keyword] !== undefined && schema[keyword] !== false) note(path, keyword)
    if (schema['$ref'] !== undefined) return referred(schema, root, path)
    const named = namedBy(schema)
    if (named) return oneOf(named, schema, root, path)
    // A reference among several schemas has no rule of its own: one that holds itself there would have no end.
    if (path.length > LONGEST_PATH) return (note(path, '$ref'), anything)
    const merge = (base: JsonObject, parts: readonly Json[]): Json =>
      parts.length === 1 && isSilent(base)
        ? parts[0]!
        : mergeAll([base, ...parts], root, (keyword) => note(path, keyword))
    if (Array.isArray(schema['allOf'])) {
      const { allOf, ...rest } = schema
      return value(merge(rest, allOf), root, path)
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      const { [keyword]: options, ...rest } = schema
      if (!Array.isArray(options)) continue
      if (keyword === 'oneOf' && !areApart(options)) note(path, 'oneOf')
      return either(...options.map((option, i) => value(merge(rest, [option]), root, `${path}/${keyword}/${i}`)))
    }
    return either(...typesOf(schema, path).map((type) => typed(type, schema, root, path)))
  }

  /** The types that a schema names, or speaks of; all where it does neither. */
  function typesOf(schema: JsonObject, path: string): readonly Type[] {
    const named = schema['type']
    if (named === undefined) {
      const signs = TYPES.filter((type) => SIGNS[type]?.some((keyword) => schema[keyword] !== undefined))
      return signs.length > 0 ? signs : EVERY
    }
    const given = Array.isArray(named) ? named : [named]
    const read = (given.includes('number') ? EVERY : TYPES).filter((type) => given.includes(type))
    if (given.every((type) => TYPES.some((each) => each === type))) return read
    note(path, 'type')
    return EVERY
  }

  function typed(type: Type, schema: JsonObject, root: Json, path: string): Rule {
    switch (type) {
      case 'string':
        return stringRule(schema, path)
      case 'integer':
      case 'number':
        return numberRule(type, schema, path)
      case 'boolean':
        return either(word(true), word(false))
      case 'null':
        return word(null)
      case 'array':
        return arrayRule(schema, root, path)
      case 'object':
        return objectRule(object(schema, root, path))
    }
  }

  /** Of the values that are named those that the rest of the schema holds of. */
  function oneOf(values: readonly Json[], schema: JsonObject, root: Json, path: string): Rule {
    const { enum: _enum, const: _const, type, ...rest } = schema
    const types = type === undefined ? TYPES : [type].flat()
    const typed = values.filter((each) => types.some((type) => isOf(each, type)))
    // A list of words beside the type of a list: no value is of both, and the type is what counts.
    if (values.length > 0 && typed.length === 0)
      return (note(path, 'enum'), value(type === undefined ? rest : { ...rest, type }, root, path))
    if (isSilent(rest)) return either(...typed.map(word))
    const rule = value(rest, root, path)
    return either(...typed.filter((each) => reads(rule, spelling.value(each))).map(word))
  }

  /** A schema that is referred to has one rule, which may hold itself. */
  function referred({ $ref, ...rest }: JsonObject, root: Json, path: string): Rule {
    const target = typeof $ref === 'string' ? targetOf($ref, root) : undefined
    if (target === undefined || !isObject(target)) return (note(path, '$ref'), anything)
    for (const keyword of Object.keys(rest).filter(speaks)) note(path, keyword)
    const before = known.get(target)
    if (before) return before
    let rule: Rule = never
    const later = lazy(() => rule)
    known.set(target, later)
    rule = value(target, root, String($ref).replace(/^#/, ''))
    if (rule === never) known.set(target, never)
    return rule === never ? never : later
  }

  function object(schema: JsonObject, root: Json = schema, path = ''): ObjectRules {
    const named = isObject(schema['properties']) ? schema['properties'] : {}
    const required = Array.isArray(schema['required']) ? schema['required'] : []
    const names = [...new Set([...Object.keys(named), ...required.filter((name) => typeof name === 'string')])]
    const properties = names.map((name) => ({
      name,
      value: value(named[name] ?? true, root, `${path}/properties/${escape(name)}`),
      required: required.includes(name),
    }))
    // Where properties are named, others have to be asked for; a tool that names none takes none.
    const open = schema['properties'] === undefined || (names.length === 0 && path !== '')
    const others = schema['additionalProperties'] ?? open
    const additional = value(others, root, `${path}/additionalProperties`)
    return { properties, additional: additional === never ? undefined : additional }
  }

  function objectRule({ properties, additional }: ObjectRules): Rule {
    const named = properties.map(({ name, ...rest }) => ({ ...rest, key: layout.key(name) }))
    const names = properties.map(({ name }) => name)
    const extra = additional && inRow(layout.keyBut(names), additional)
    return inRow(text('{'), members(named, { comma, extra, order }), text('}'))
  }

  function arrayRule(schema: JsonObject, root: Json, path: string): Rule {
    const old = Array.isArray(schema['items']) ? schema['items'] : undefined
    const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : (old ?? [])
    const others = old ? (schema['additionalItems'] ?? true) : (schema['items'] ?? true)
    const min = countOf(schema['minItems'], 0)
    const max = countOf(schema['maxItems'], Infinity)
    const item = value(others, root, `${path}/items`)
    const fixed = first.map((each, i) => value(each, root, `${path}/prefixItems/${i}`))
    return inRow(text('['), items(fixed, item, min, max), text(']'))
  }

  function items([first, ...fixed]: readonly Rule[], item: Rule, min: number, max: number): Rule {
    const rest = (fixed: readonly Rule[], min: number, max: number): Rule => {
      const [next, ...others] = fixed
      if (!next) return times(inRow(comma, item), min, max)
      const more = max > 0 ? inRow(comma, next, rest(others, Math.max(0, min - 1), max - 1)) : never
      return min > 0 ? more : either(more, nothing)
    }
    const [less, fewer] = [Math.max(0, min - 1), max - 1]
    const some = max > 0 ? inRow(first ?? item, rest(fixed, less, fewer)) : never
    return min > 0 ? some : either(some, nothing)
  }

  return { value, object, unkept }
}

const ANNOTATIONS = ['description', 'title', 'default', 'examples', '$comment', 'deprecated', '$defs', 'definitions']
const speaks = (keyword: string): boolean => !ANNOTATIONS.includes(keyword)
const isSilent = (schema: JsonObject): boolean => !Object.keys(schema).some(speaks)

/** Deeper than any schema that is written out. */
const LONGEST_PATH = 1000

const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** True where no value can be of two of the schemas: their types, or the values that they name, are all different. */
function areApart(schemas: readonly Json[]): boolean {
  const kinds = schemas.map((schema) => {
    if (!isObject(schema)) return undefined
    const values = schema['enum'] ?? (schema['const'] === undefined ? undefined : [schema['const']])
    if (Array.isArray(values)) return values.map((value) => JSON.stringify(value))
    const { type } = schema
    return typeof type === 'string' ? [type === 'integer' ? 'number' : type] : undefined
  })
  const all = kinds.flatMap((kind) => [...new Set(kind ?? [])])
  const isPlain = kinds.every((kind) => kind?.every((each) => TYPES.some((type) => type === each)))
  const isNamed = kinds.every((kind) => kind && !kind.some((each) => TYPES.some((type) => type === each)))
  return (isPlain || isNamed) && new Set(all).size === all.length
}

/** The values that a schema names, if it does. */
function namedBy({ enum: values, const: value }: JsonObject): readonly Json[] | undefined {
  if (!Array.isArray(values)) return value === undefined ? undefined : [value]
  return value === undefined ? values : values.filter((each) => Bun.deepEquals(each, value))
}

function isOf(value: Json, type: Json): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'null':
      return value === null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' || isWhole(value)
    case 'integer':
      return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) || isWhole(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    default:
      return true
  }
}

const isWhole = (value: Json): boolean =>
  typeof value === 'object' && value !== null && 'value' in value && !isObject(value)
