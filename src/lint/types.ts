// Which JSON values a schema takes, as far as types go.
import { Float, isObject, type Json, type JsonObject } from '../text/json.ts'

/** Type names that JSON Schema knows (draft 2020-12, validation 6.1.1). */
export const TYPES = new Set(['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'])

/** The JSON Schema type of a value; a float with an integer value is "number". */
export function typeOf(value: Json): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  return value instanceof Float ? 'number' : 'object'
}

/** Whether the schema's `type` takes the value. No type, or one that is not JSON Schema's, takes every value. */
export function takesType(value: Json, schema: JsonObject): boolean {
  const type = schema['type']
  if (type === undefined) return takesAlternative(value, schema)
  const actual = typeOf(value)
  if (typeof type === 'string')
    return type === actual || (type === 'number' && actual === 'integer') || !TYPES.has(type)
  return !Array.isArray(type) || type.some((each) => takesType(value, { type: each }))
}

/** Whether the schema names `type` among the types it takes. */
export function names(schema: JsonObject, type: string): boolean {
  const own = schema['type']
  if (own === type || (Array.isArray(own) && own.includes(type))) return true
  const alternatives = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(alternatives) && alternatives.some((each) => isObject(each) && names(each, type))
}

/** For messages: "integer", "string or null", "any type". */
export function typeText(schema: JsonObject): string {
  const type = schema['type']
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return type.map(String).join(' or ')
  const alternatives = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(alternatives)
    ? alternatives.map((each) => (isObject(each) ? typeText(each) : 'any type')).join(' or ')
    : 'any type'
}

function takesAlternative(value: Json, schema: JsonObject): boolean {
  const alternatives = schema['anyOf'] ?? schema['oneOf']
  if (!Array.isArray(alternatives)) return true
  return alternatives.some((each) => !isObject(each) || takesType(value, each))
}
