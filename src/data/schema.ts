// Turns a tool definition of any data set into {name, description, parameters: JSON Schema}, counting every repair.
import { dumpJson, isObject, type Json, type JsonObject } from '../text/json.ts'
import type { Tool } from '../dialogue/row.ts'
import { isPadded, withoutNullKeywords } from './nulls.ts'
import { jsonIn, kindOf, Rejection } from './source.ts'
import { readType, SCHEMA_TYPES } from './types.ts'

/** What was changed, by the kind of repair. */
export type Repairs = Map<string, number>

export interface RepairOptions {
  emptyDefaultIsNone?: boolean
  /** The tools went through Arrow: also a null that could be a value is filling. */
  padded?: boolean
}

/** Tools as a hone row holds them, and by tool name the fields that have no place there (`return`, `tags`, …). */
export interface RepairedTools {
  tools: Tool[]
  extras: JsonObject
  repairs: Repairs
  /** They went through Arrow, which fills with null what a row does not have. */
  padded: boolean
}

/** @throws Rejection 'bad-tools' where an element is no tool at all. */
export function repairTools(raw: readonly Json[], options: RepairOptions = {}): RepairedTools {
  const repairs: Repairs = new Map()
  const note = (kind: string) => void repairs.set(kind, (repairs.get(kind) ?? 0) + 1)
  const extras: JsonObject = {}
  const read = raw.map((value) => (typeof value === 'string' ? (jsonIn(value) ?? value) : value))
  const padded = read.some(isPadded)
  const tools = read.map((value) => {
    const { tool, extra } = repairTool(value, note, { ...options, padded })
    if (Object.keys(extra).length > 0) extras[tool.name] = extra
    return tool
  })
  return { tools, extras, repairs, padded }
}

type Note = (kind: string) => void

const SCHEMA_KEYS = ['parameters', 'arguments', '_arguments', 'input_schema', 'inputSchema', 'args', 'properties']

function repairTool(outer: Json, note: Note, options: RepairOptions): { tool: Tool; extra: JsonObject } {
  const raw = isObject(outer) && isObject(outer['function']) ? { ...outer, ...outer['function'] } : outer
  if (!isObject(raw)) throw new Rejection('bad-tools', `a tool is ${kindOf(raw)}, expected an object`)
  const name = raw['name'] ?? raw['tool_name'] ?? raw['api_name']
  if (typeof name !== 'string')
    throw new Rejection('bad-tools', `the name of a tool is ${kindOf(name)}, expected a string`)
  const key = SCHEMA_KEYS.find(
    (candidate) => isObject(raw[candidate]) || Array.isArray(raw[candidate]) || typeof raw[candidate] === 'string',
  )
  if (key !== undefined && key !== 'parameters') note(`"${key}" read as "parameters"`)
  if (key === undefined) note('absent parameters read as none')
  const found =
    key === undefined || key === 'properties'
      ? { type: 'object', properties: key === undefined ? {} : raw['properties']! }
      : raw[key]!
  const { required, extra } = leftovers(raw, key, note)
  const description = raw['description']
  if (typeof description !== 'string') note('absent description read as empty')
  return {
    tool: {
      name,
      description: typeof description === 'string' ? description : '',
      parameters: repairParameters(found, required, note, options),
    },
    extra,
  }
}

/** Fields beside name, description and parameters. A list of required names outside the schema belongs into it; null says nothing. */
function leftovers(
  raw: JsonObject,
  key: string | undefined,
  note: Note,
): { required: string[] | undefined; extra: JsonObject } {
  const extra: JsonObject = {}
  let required: string[] | undefined
  for (const [field, value] of Object.entries(raw)) {
    if (['name', 'tool_name', 'api_name', 'description', 'type', 'function', key].includes(field)) continue
    if (value === null) note(`"${field}": null beside the schema removed`)
    else if (field === 'required' && Array.isArray(value)) {
      note('"required" beside the schema moved into it')
      required = value.filter((item) => typeof item === 'string')
    } else extra[field] = value
  }
  return { required, extra }
}

/** The schema of the arguments: always of type object with properties. */
function repairParameters(value: Json, required: string[] | undefined, note: Note, options: RepairOptions): JsonObject {
  const read = typeof value === 'string' ? (jsonIn(value) ?? {}) : value
  if (typeof value === 'string') note('schema given as text read')
  const given = Array.isArray(read) ? fromList(read, note) : isObject(read) ? read : {}
  const whole = withoutNullKeywords(given, options.padded ?? false)
  if (whole !== given) note('null in place of a keyword or parameter removed')
  const flat = isFlat(whole)
  if (flat && Object.keys(whole).length > 0) note('flat map of parameters wrapped in "properties"')
  const outer: JsonObject = flat ? { type: 'object', properties: whole } : { ...whole, type: 'object' }
  if (!flat && whole['type'] !== 'object') note(`type ${spelling(whole['type'])} of the parameters read as "object"`)
  if (!isObject(outer['properties'])) {
    if (outer['properties'] !== undefined) note('"properties" that is no object removed')
    outer['properties'] = {}
  }
  const inferred = flat && required === undefined ? requiredOf(whole) : []
  const schema = repairSchema(outer, note, options)
  const names = [...new Set([...stringsOf(schema['required']), ...(required ?? []), ...inferred])]
  if (inferred.length > 0) note('required parameters inferred')
  delete schema['required']
  if (names.length > 0) schema['required'] = names
  return schema
}

/** A map from parameter to description, without the frame of a schema (xLAM, Hammer, ToolRL). A parameter may itself be called "type" or "properties". */
function isFlat(value: JsonObject): boolean {
  const properties = value['properties']
  if (
    isObject(properties) &&
    Object.values(properties).every((item) => isObject(item) || typeof item === 'boolean' || typeof item === 'string')
  ) {
    if (
      typeof value['type'] === 'string' ||
      Object.values(properties).some((item) => isObject(item)) ||
      Object.keys(properties).length === 0
    )
      return false
  }
  return typeof value['type'] !== 'string' || !FRAME_TYPES.has(value['type'].toLowerCase())
}

const FRAME_TYPES = new Set(['object', 'dict', 'dictionary', 'map', 'json'])

/** OpenAPI's list of {name, type, description, required}. */
function fromList(list: Json[], note: Note): JsonObject {
  note('list of parameters read as a map')
  return Object.fromEntries(
    list.flatMap((item) => {
      if (!isObject(item) || typeof item['name'] !== 'string') return []
      const { name, ...rest } = item
      return [[name, rest]]
    }),
  )
}

/** A parameter of a flat map is required unless it has a default or its type says "optional"; where any has a `required` flag, the flags decide. */
function requiredOf(flat: JsonObject): string[] {
  if (Object.values(flat).some((parameter) => isObject(parameter) && typeof parameter['required'] === 'boolean'))
    return []
  return Object.entries(flat)
    .filter(([, parameter]) => {
      if (!isObject(parameter)) return true
      if (typeof parameter['type'] === 'string' && readType(parameter['type'])?.optional) return false
      return !('default' in parameter)
    })
    .map(([name]) => name)
}

/** One schema and all below it. */
function repairSchema(raw: JsonObject, note: Note, options: RepairOptions, depth = 0): JsonObject {
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

const stringsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

const spelling = (type: Json | undefined): string => (type === undefined ? '(absent)' : dumpJson(type))
