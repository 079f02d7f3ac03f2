// References inside of a JSON Schema, and several schemas that hold at once as one.
import { isObject, type Json, type JsonObject } from '../../text/json.ts'

/** What a reference within the same document points to; undefined where it leads elsewhere or nowhere. */
export function targetOf(reference: string, root: Json): Json | undefined {
  if (!reference.startsWith('#')) return undefined
  let found: Json | undefined = root
  for (const part of reference.slice(1).split('/').filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (isObject(found)) found = found[name]
    else found = Array.isArray(found) ? found[Number(name)] : undefined
  }
  return found
}

/**
 * One schema for all of `parts`: properties of each, and whatever any requires. Of a keyword that two have otherwise the last one
 * counts, and `lost` is told of it.
 */
export function mergeAll(parts: readonly Json[], root: Json, lost: (keyword: string) => void): Json {
  return parts.reduce((a, b) => merge(resolved(a, root), resolved(b, root), lost), {})
}

function merge(a: Json, b: Json, lost: (keyword: string) => void): Json {
  if (a === false || b === false) return false
  if (!isObject(a)) return b
  if (!isObject(b)) return a
  const merged: JsonObject = { ...a }
  const properties = propertiesOf(a, b)
  if (properties) merged['properties'] = properties
  for (const [keyword, value] of Object.entries(b)) {
    const before = merged[keyword]
    if (before === undefined || Bun.deepEquals(before, value)) merged[keyword] = value
    else if (keyword === 'properties') continue
    else if (keyword === 'required' && Array.isArray(before) && Array.isArray(value))
      merged[keyword] = [...new Set([...before, ...value])]
    else if (keyword === 'enum' && Array.isArray(before) && Array.isArray(value))
      merged[keyword] = before.filter((each) => value.some((other) => Bun.deepEquals(each, other)))
    else if (keyword === 'const') return false
    else if (keyword === 'type') {
      const types = [value].flat().filter((type) => [before].flat().includes(type))
      if (types.length === 0) return false
      merged[keyword] = types
    } else {
      merged[keyword] = value
      if (!SAID.includes(keyword)) lost(keyword)
    }
  }
  return merged
}

/** Every property as both schemas have it: where one does not name it, as that one takes others. */
function propertiesOf(a: JsonObject, b: JsonObject): JsonObject | undefined {
  const [first, second] = [a['properties'], b['properties']]
  if (!isObject(first) || !isObject(second)) return undefined
  const both = (name: string): Json => {
    const parts = [first[name] ?? a['additionalProperties'], second[name] ?? b['additionalProperties']]
    const given = parts.filter((part) => part !== undefined && part !== true)
    return given.includes(false) ? false : given.length > 1 ? { allOf: given } : (given[0] ?? true)
  }
  return Object.fromEntries(
    [...new Set([...Object.keys(first), ...Object.keys(second)])].map((name) => [name, both(name)]),
  )
}

/** Words for people. */
const SAID = ['title', 'description', 'default', 'examples', '$comment']

/** A reference alone as what it points to: nothing can be merged with a reference. */
function resolved(schema: Json, root: Json): Json {
  for (let hops = 0; isObject(schema) && typeof schema['$ref'] === 'string' && hops < 32; hops++) {
    const { $ref, ...rest } = schema
    const target = targetOf(String($ref), root)
    if (!isObject(target)) return schema
    schema = { ...target, ...rest }
  }
  return schema
}
