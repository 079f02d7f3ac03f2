// Turns a tool definition of any data set into {name, description, parameters: JSON Schema}, counting every repair.
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import type { Tool } from '../dialogue/row.ts'
import { isPadded, withoutNullKeywords } from './nulls.ts'
import { repairSchema, spelling, stringsOf, type Note, type RepairOptions } from './schema.ts'
import { jsonIn, kindOf, Rejection } from './source.ts'
import { readType } from './types.ts'

/** What was changed, by the kind of repair. */
export type Repairs = Map<string, number>

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

/** Keys under which a tool keeps the schema of its arguments. */
export const SCHEMA_KEYS = [
  'parameters',
  'arguments',
  '_arguments',
  'input_schema',
  'inputSchema',
  'args',
  'properties',
]

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
