// Repairs a JSON Schema in any spelling of data sets: types in JSON Schema's words, keywords of the right type.
import { dumpJson, isObject, type Json, type JsonObject } from '../text/json.ts'
import { kindOf, Rejection } from './source.ts'
import { readType, SCHEMA_TYPES } from './types.ts'

export interface RepairOptions {
  emptyDefaultIsNone?: boolean
  /** The tools went through Arrow: also a null that could be a value is filling. */
  padded?: boolean
}

/** Counts a repair by its kind. */
export type Note = (kind: string) => void

/** One schema and all below it. */
export function repairSchema(raw: JsonObject, note: Note, options: RepairOptions, depth = 0): JsonObject {
  if (depth > DEEPEST) throw new Rejection('bad-tools', `a schema is nested deeper than ${DEEPEST}`)
  const schema: JsonObject = { ...raw, ...repairType(raw, note) }
  if (schema['type'] === undefined) delete schema['type']
  const deeper = (value: Json): Json => {
    if (isObject(value)) return repairSchema(value, note, options, depth + 1)
    if (typeof value !== 'string') return value
    note('type given in place of a schema')
    return repairSchema({ type: value }, note, options, depth + 1)
  }
  if (isObject(schema['properties']))
    Object.assign(schema, repairProperties(schema, schema['properties'], deeper, note))
  for (const key of ['items', 'additionalProperties', 'not']) {
    const value = schema[key]
    if (value !== undefined && !(Array.isArray(value) && key === 'items')) schema[key] = deeper(value)
  }
  if (Array.isArray(schema['items'])) {
    note('list of item schemas read as "prefixItems"')
    schema['prefixItems'] = schema['items'].map(deeper)
    delete schema['items']
  }
  for (const key of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    const list = schema[key]
    if (Array.isArray(list)) schema[key] = list.map(deeper)
  }
  repairKeywords(schema, note, options)
  return schema
}

/** `type` in JSON Schema's words. A spelling that is not known stays in "x-type" and says nothing more. */
function repairType(raw: JsonObject, note: Note): JsonObject {
  const type = raw['type']
  if (type === undefined || isKnown(type)) return {}
  const text = Array.isArray(type) ? type.map(String).join('|') : typeof type === 'string' ? type : undefined
  const reading = text === undefined ? undefined : readType(text)
  if (!reading) {
    note(`type ${spelling(type)} unknown, kept as "x-type"`)
    return { type: undefined as unknown as Json, 'x-type': type }
  }
  note(`type ${spelling(type)} read as ${dumpJson(reading.schema)}`)
  const { items, ...rest } = reading.schema
  return {
    type: undefined as unknown as Json,
    ...rest,
    ...(items !== undefined && raw['items'] === undefined ? { items } : {}),
  }
}

function isKnown(type: Json): boolean {
  const known = (value: Json) => (SCHEMA_TYPES as readonly Json[]).includes(value)
  return Array.isArray(type) ? type.length > 0 && type.every(known) : known(type)
}

/** Properties, and the names that each marks as required by itself. */
function repairProperties(
  schema: JsonObject,
  properties: JsonObject,
  deeper: (value: Json) => Json,
  note: Note,
): JsonObject {
  const required = stringsOf(schema['required'])
  const repaired: JsonObject = {}
  for (const [name, value] of Object.entries(properties)) {
    let property = value
    if (isObject(value) && typeof value['required'] === 'boolean') {
      const { required: flag, ...rest } = value
      note('"required" of a property moved to its object')
      if (flag === true) required.push(name)
      property = rest
    }
    if (property === null) property = {}
    Object.defineProperty(repaired, name, {
      value: deeper(property),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return required.length > 0 ? { properties: repaired, required: [...new Set(required)] } : { properties: repaired }
}

/** Keywords whose value is of the wrong JSON type. */
function repairKeywords(schema: JsonObject, note: Note, options: RepairOptions): void {
  if (schema['required'] !== undefined && !Array.isArray(schema['required'])) {
    note(`"required": ${kindOf(schema['required'])} removed`)
    delete schema['required']
  }
  const choices = schema['enum']
  if (choices !== undefined && !Array.isArray(choices)) {
    note(`"enum" given as ${kindOf(choices)}`)
    delete schema['enum']
    if (isObject(choices)) schema['enum'] = Object.keys(choices)
    else if (typeof choices === 'string') schema['enum'] = choices.split(',').map((choice) => choice.trim())
  } else if (Array.isArray(choices) && choices.length === 0) {
    note('empty "enum" removed')
    delete schema['enum']
  }
  if (schema['description'] !== undefined && typeof schema['description'] !== 'string') {
    note('description that is no text written as text')
    schema['description'] = dumpJson(schema['description']!)
  }
  for (const key of NUMERIC) {
    const value = schema[key]
    if (value === undefined || typeof value === 'number') continue
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN
    if (Number.isFinite(number)) schema[key] = number
    else if (typeof value !== 'bigint' && !isNumeric(value)) {
      note(`"${key}" that is no number kept as "x-${key}"`)
      schema[`x-${key}`] = value
      delete schema[key]
    }
  }
  if (schema['default'] === '' && options.emptyDefaultIsNone) {
    note('empty default removed')
    delete schema['default']
  }
}

/** Keywords of JSON Schema whose value is a number. */
export const NUMERIC = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
]
const DEEPEST = 60

const isNumeric = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isObject(value)

export const stringsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** A type as a set has it. */
export const spelling = (type: Json | undefined): string => (type === undefined ? '(absent)' : dumpJson(type))
