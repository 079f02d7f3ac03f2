// Nulls that stand for nothing: Arrow gives every row the fields of all rows, and fills what a row does not have with null.
import { isObject, keysOf, setKeyOrder, type Json, type JsonObject } from '../text/json.ts'
import type { Tool, ToolCall } from '../dialogue/row.ts'

/** A value that says nothing: null, an empty text, list or object, or one that holds only such. */
export function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.every(isNothing)
  return isObject(value) && Object.values(value).every(isNothing)
}

/** Keywords of JSON Schema whose value may be null, or hold nulls. */
const ANY_VALUE = new Set(['default', 'const', 'enum', 'example', 'examples'])

/** Whether a tool holds a null that its schema has no use for: then it went through Arrow, and every null in it is filling. */
export function isPadded(tool: Json): boolean {
  if (Array.isArray(tool)) return tool.some(isPadded)
  if (!isObject(tool)) return false
  return Object.entries(tool).some(([key, value]) => !ANY_VALUE.has(key) && (value === null || isPadded(value)))
}

/** A schema without its nulls: absent keywords, and parameters that the tool does not have, unless they are required. */
export function withoutNullKeywords(schema: JsonObject, padded: boolean): JsonObject {
  const needed = namesIn(schema['required'])
  const within = (key: string, value: Json): Json => {
    if (key === 'properties' && isObject(value))
      return mapped(value, (name, property) =>
        property !== null || needed.includes(name) ? deeper(property) : undefined,
      )
    return ANY_VALUE.has(key) ? value : deeper(value)
  }
  const deeper = (value: Json): Json => {
    if (Array.isArray(value)) return mappedList(value, deeper)
    return isObject(value) ? withoutNullKeywords(value, padded) : value
  }
  return mapped(schema, (key, value) =>
    value === null && (padded || !ANY_VALUE.has(key)) ? undefined : within(key, value),
  )
}

/**
 * Calls without the nulls that were never written: of a parameter that the tool does not have and, in a row that went
 * through Arrow, of one that may be left out and takes no null. A null that the schema allows is a value.
 */
export function withoutPadding(
  calls: readonly ToolCall[],
  tools: ReadonlyMap<string, Tool>,
  padded: boolean,
): ToolCall[] {
  return calls.map((call) => {
    const schema = tools.get(call.name)?.parameters
    return schema ? { ...call, arguments: withoutNulls(call.arguments, schema, padded) } : call
  })
}

/** Whether a call holds a null for a parameter that its tool does not have. */
export function holdsForeignNull({ name, arguments: values }: ToolCall, tools: ReadonlyMap<string, Tool>): boolean {
  const properties = tools.get(name)?.parameters['properties']
  return (
    isObject(properties) && Object.keys(values).some((key) => values[key] === null && !Object.hasOwn(properties, key))
  )
}

function withoutNulls(values: JsonObject, schema: JsonObject, padded: boolean): JsonObject {
  const { properties } = schema
  if (!isObject(properties)) return values
  const needed = namesIn(schema['required'])
  const isFilling = (name: string): boolean => {
    if (!Object.hasOwn(properties, name)) return !schema['additionalProperties']
    return padded && !needed.includes(name) && !takesNull(properties[name]!)
  }
  const inner = (value: Json, schema: Json | undefined): Json => {
    if (!isObject(schema)) return value
    if (Array.isArray(value)) return mappedList(value, (item) => inner(item, schema['items']))
    return isObject(value) ? withoutNulls(value, schema, padded) : value
  }
  return mapped(values, (name, value) =>
    value === null && isFilling(name)
      ? undefined
      : inner(value, Object.hasOwn(properties, name) ? properties[name] : undefined),
  )
}

/** Whether a schema allows null. */
function takesNull(schema: Json): boolean {
  if (!isObject(schema) || schema['nullable'] === true) return true
  const { type, enum: choices, anyOf, oneOf } = schema
  if (Array.isArray(choices)) return choices.includes(null)
  const branches = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined
  if (branches) return branches.some(takesNull)
  return type === undefined || (Array.isArray(type) ? type.includes('null') : type === 'null')
}

const namesIn = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])

/** The object with other values; undefined leaves an entry out. The object itself where nothing changes. */
function mapped(object: JsonObject, change: (key: string, value: Json) => Json | undefined): JsonObject {
  const entries = keysOf(object).map((key) => [key, change(key, object[key]!)] as const)
  if (entries.every(([key, value]) => value === object[key])) return object
  const kept = entries.filter((entry): entry is [string, Json] => entry[1] !== undefined)
  const result = Object.fromEntries(kept)
  setKeyOrder(
    result,
    kept.map(([key]) => key),
  )
  return result
}

function mappedList(list: Json[], change: (item: Json) => Json): Json[] {
  const result = list.map(change)
  return result.every((item, i) => item === list[i]) ? list : result
}
