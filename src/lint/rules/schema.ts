// Rules about the schemas of tools: types, enums, bounds and references that cannot be read or cannot be met.
import { dumpJson, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { EXAMPLE, example, exampleSchema, type Fault, type Rule } from '../rule.ts'
import { mapSchemas, repair } from './schema-fix.ts'
import { NUMERIC } from '../../data/schema.ts'
import { takesType, TYPES, typeOf, typeText } from '../types.ts'

const [TOOL] = EXAMPLE.tools

const KEYWORDS = ['required', 'enum', 'properties', 'items', 'description', ...NUMERIC]

export const schemaRules: Rule[] = [
  {
    code: 'HN201',
    severity: 'error',
    what: 'A type is none of JSON Schema.',
    why: 'Python spellings such as "str" or "List[int]" mean nothing to validators, grammars and strict tool calling.',
    hint: 'string, integer, number, boolean, array, object or null; --fix reads common spellings',
    bad: exampleSchema({ type: 'int' }),
    good: exampleSchema({ type: 'integer' }),
    on: 'schema',
    keys: ['type'],
    check({ type }) {
      if (type === undefined || (typeof type === 'string' && TYPES.has(type))) return undefined
      if (Array.isArray(type) && type.length > 0 && type.every((each) => typeof each === 'string' && TYPES.has(each)))
        return undefined
      return { message: `type ${dumpJson(type)} is none of JSON Schema`, at: ['type'] }
    },
    fix: repair,
  },
  {
    code: 'HN203',
    severity: 'error',
    what: 'A required parameter is not described.',
    why: 'The model must give a value of which it is told neither type nor meaning.',
    hint: 'describe it under properties, or take it out of required',
    bad: example({
      tools: [{ ...TOOL, parameters: { ...TOOL!.parameters, required: ['city', 'country'] } }],
      answer: [],
    }),
    good: example(),
    on: 'schema',
    keys: ['required'],
    check({ required, properties }) {
      if (!Array.isArray(required) || !isObject(properties)) return undefined
      let faults: Fault[] | undefined
      for (let i = 0; i < required.length; i++) {
        const name = required[i]
        if (typeof name !== 'string' || Object.hasOwn(properties, name)) continue
        ;(faults ??= []).push({ message: `"${name}" is required and not described`, at: ['required', i] })
      }
      return faults
    },
  },
  {
    code: 'HN209',
    severity: 'warning',
    what: 'A value stands twice in an enum, or none does.',
    why: 'An empty enum takes no value at all; a doubled one is a slip of the source.',
    hint: 'list each value once',
    bad: exampleSchema({ type: 'integer', enum: [1, 2, 2] }),
    good: exampleSchema({ type: 'integer', enum: [1, 2] }),
    on: 'schema',
    keys: ['enum'],
    check({ enum: values }) {
      if (!Array.isArray(values)) return undefined
      if (values.length === 0) return { message: 'the enum is empty', at: ['enum'] }
      const twice = values.findIndex((value, i) => isRepeated(values, i, value))
      return twice < 0
        ? undefined
        : { message: `${dumpJson(values[twice]!)} stands twice in the enum`, at: ['enum', twice] }
    },
    fix: (row) =>
      mapSchemas(row, (schema) => {
        const values = schema['enum']
        if (!Array.isArray(values)) return schema
        const texts = values.map((value) => dumpJson(value))
        const once = values.filter((_, i) => texts.indexOf(texts[i]!) === i)
        if (once.length > 0) return once.length < values.length ? { ...schema, enum: once } : schema
        const { enum: _, ...rest } = schema
        return rest
      }),
  },
  {
    code: 'HN210',
    severity: 'error',
    what: 'A value of an enum is not of the declared type.',
    why: 'No argument can be of the type and in the enum at once.',
    hint: 'change the type or the value',
    bad: exampleSchema({ type: 'integer', enum: ['1', '2'] }),
    good: exampleSchema({ type: 'integer', enum: [1, 2] }),
    on: 'schema',
    keys: ['enum'],
    check(schema) {
      const values = schema['enum']
      if (!Array.isArray(values) || schema['type'] === undefined) return undefined
      const wrong = values.findIndex((value) => !takesType(value, schema))
      return wrong < 0
        ? undefined
        : { message: `${dumpJson(values[wrong]!)} is no ${typeText(schema)}`, at: ['enum', wrong] }
    },
  },
  {
    code: 'HN211',
    severity: 'warning',
    what: 'A default is not of the declared type, or not in the enum.',
    why: 'A model that repeats the default is counted as wrong.',
    hint: 'write the default as a value of the type',
    bad: exampleSchema({ type: 'integer', default: '1' }),
    good: exampleSchema({ type: 'integer', default: 1 }),
    on: 'schema',
    keys: ['default'],
    check(schema) {
      const value = schema['default']
      if (value === undefined || value === null) return undefined
      if (!takesType(value, schema))
        return { message: `the default ${dumpJson(value)} is no ${typeText(schema)}`, at: ['default'] }
      const values = schema['enum']
      const found = !Array.isArray(values) || values.some((each) => dumpJson(each) === dumpJson(value))
      return found ? undefined : { message: `the default ${dumpJson(value)} is not in the enum`, at: ['default'] }
    },
  },
  {
    code: 'HN212',
    severity: 'error',
    what: 'No value can meet the schema.',
    why: 'Whatever the model answers is wrong, and a grammar built from the schema has no sentence.',
    hint: 'the lower bound must not exceed the upper one',
    bad: exampleSchema({ type: 'integer', minimum: 10, maximum: 1 }),
    good: exampleSchema({ type: 'integer', minimum: 1, maximum: 10 }),
    on: 'schema',
    keys: ['minimum', 'minLength', 'minItems', 'minProperties', 'not'],
    check(schema, low) {
      if (low === 'not')
        return isObject(schema[low]) && Object.keys(schema[low]).length === 0
          ? { message: '"not": {} forbids every value', at: [low] }
          : undefined
      const high = low.replace('min', 'max')
      const [least, most] = [schema[low], schema[high]]
      if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return undefined
      return { message: `${low} ${least} exceeds ${high} ${most}`, at: [low] }
    },
  },
  {
    code: 'HN213',
    severity: 'info',
    optIn: true,
    what: 'An array does not say what it holds.',
    why: 'Strict tool calling refuses such schemas, and the model guesses the elements.',
    hint: 'add "items"',
    bad: exampleSchema({ type: 'array' }),
    good: exampleSchema({ type: 'array', items: { type: 'integer' } }),
    on: 'schema',
    keys: ['type'],
    check: (schema) =>
      schema['type'] === 'array' && schema['items'] === undefined && schema['prefixItems'] === undefined
        ? { message: 'an array without "items"' }
        : undefined,
  },
  {
    code: 'HN214',
    severity: 'error',
    what: 'A pattern is no regular expression.',
    why: 'Validators throw on it, or pass over it and check nothing.',
    hint: 'mend the pattern; groups, brackets and braces must close',
    bad: exampleSchema({ type: 'string', pattern: '([a-z' }),
    good: exampleSchema({ type: 'string', pattern: '[a-z]+' }),
    on: 'schema',
    keys: ['pattern'],
    check({ pattern }) {
      if (typeof pattern !== 'string') return undefined
      try {
        new RegExp(pattern, 'u')
        return undefined
      } catch {
        return { message: `"${pattern}" is no regular expression`, at: ['pattern'] }
      }
    },
  },
  {
    code: 'HN215',
    severity: 'error',
    what: 'A keyword of the schema has a value of the wrong type.',
    why: 'Validators refuse the whole schema.',
    hint: 'required and enum are lists, properties and items are schemas, bounds are numbers',
    bad: exampleSchema({ type: 'integer', minimum: 'one' }),
    good: exampleSchema({ type: 'integer', minimum: 1 }),
    on: 'schema',
    keys: KEYWORDS,
    check: wrongKeyword,
    fix: repair,
  },
  {
    code: 'HN216',
    severity: 'warning',
    what: 'A parameter is listed as required twice.',
    why: 'JSON Schema wants distinct names; strict validators refuse the list.',
    hint: 'list it once',
    bad: example({ tools: [{ ...TOOL, parameters: { ...TOOL!.parameters, required: ['city', 'city'] } }] }),
    good: example(),
    on: 'schema',
    keys: ['required'],
    check({ required }) {
      if (!Array.isArray(required)) return undefined
      const twice = required.findIndex((name, i) => required.indexOf(name) !== i)
      return twice < 0
        ? undefined
        : { message: `${dumpJson(required[twice]!)} is required twice`, at: ['required', twice] }
    },
    fix: (row) =>
      mapSchemas(row, (schema) => {
        const required = schema['required']
        if (!Array.isArray(required) || new Set(required).size === required.length) return schema
        return { ...schema, required: [...new Set(required)] }
      }),
  },
  {
    code: 'HN217',
    severity: 'warning',
    what: 'A reference leads nowhere.',
    why: 'The tool stands alone in the prompt: what "$ref" points to must be in its own schema.',
    hint: 'write the schema out in place of the reference',
    bad: exampleSchema({ $ref: '#/definitions/Days' }),
    good: exampleSchema({ type: 'integer' }),
    on: 'schema',
    keys: ['$ref'],
    check: ({ $ref }, key, root) =>
      typeof $ref === 'string' && !leadsSomewhere($ref, root)
        ? { message: `"${$ref}" leads nowhere`, at: [key] }
        : undefined,
  },
]

const isNumber = (value: Json): boolean =>
  typeof value === 'bigint' || typeOf(value) === 'integer' || typeOf(value) === 'number'

function wrongKeyword(schema: JsonObject, key: string): Fault | undefined {
  const value = schema[key]!
  const wrong = (expected: string): Fault => ({ message: `"${key}" must be ${expected}`, at: [key] })
  if (key === 'description') return typeof value === 'string' ? undefined : wrong('text')
  if (key === 'enum') return Array.isArray(value) ? undefined : wrong('a list')
  if (key === 'items') return isSchema(value) ? undefined : wrong('a schema')
  if (key === 'required')
    return Array.isArray(value) && value.every((name) => typeof name === 'string')
      ? undefined
      : wrong('a list of names')
  if (key !== 'properties') return isNumber(value) ? undefined : wrong('a number')
  if (!isObject(value)) return wrong('an object')
  for (const name in value) {
    if (!isSchema(value[name]!)) return { message: `the schema of "${name}" must be an object`, at: [key, name] }
  }
  return undefined
}

const isSchema = (value: Json): boolean => isObject(value) || typeof value === 'boolean'

/** Whether a value stands in the list before `index`. Texts are made only for what is no primitive. */
function isRepeated(values: readonly Json[], index: number, value: Json): boolean {
  const first = values.indexOf(value)
  if (typeof value !== 'object' || value === null) return first >= 0 && first < index
  return values.findIndex((each) => dumpJson(each) === dumpJson(value)) < index
}

/** A JSON pointer (RFC 6901) into the schema that it stands in. */
function leadsSomewhere(reference: string, root: JsonObject): boolean {
  if (!reference.startsWith('#')) return false
  const steps = reference.slice(1).split('/').slice(1)
  const target = steps.reduce<Json | undefined>(
    (value, step) => (isObject(value) ? value[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
    root,
  )
  return target !== undefined
}
