// How tool schemas of a row are mended: the repairs of preparation, and changes of single schemas.
import { dumpJson, isObject, type Json, type JsonObject } from '../../text/json.ts'
import { repairTools } from '../../data/tools.ts'
import { Rejection } from '../../data/source.ts'

/** The repair of `hone prep`, for the tools of a row. */
export function repair(row: JsonObject): JsonObject | undefined {
  if (!Array.isArray(row['tools'])) return undefined
  try {
    const { tools, repairs, extras } = repairTools(row['tools'])
    if (repairs.size === 0 || dumpJson(tools) === dumpJson(row['tools'])) return undefined
    const meta = isObject(row['meta']) ? row['meta'] : {}
    return Object.keys(extras).length === 0 ? { ...row, tools } : { ...row, tools, meta: { ...meta, tools: extras } }
  } catch (error) {
    if (error instanceof Rejection) return undefined
    throw error
  }
}

/** Every schema of every tool, mended. */
export function mapSchemas(row: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject | undefined {
  if (!Array.isArray(row['tools'])) return undefined
  let changed = false
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit)
    if (!isObject(value)) return value
    const mended = change(value)
    changed ||= mended !== value
    return Object.fromEntries(
      Object.entries(mended).map(([key, item]) => [key, key === 'enum' || key === 'default' ? item : visit(item)]),
    )
  }
  const tools = row['tools'].map((tool) =>
    isObject(tool) && isObject(tool['parameters']) ? { ...tool, parameters: visit(tool['parameters']) } : tool,
  )
  return changed ? { ...row, tools } : undefined
}
