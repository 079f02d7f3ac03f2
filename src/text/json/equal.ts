// Compares JSON values as Python's == or json.dumps would.
import { Float, isObject, type Json } from './value.ts'

/**
 * 'exact': equal under json.dumps(sort_keys=True), so 1, 1.0, true and "1" all differ and NaN equals itself.
 * 'python': Python's ==, so 1, 1.0 and true are equal; a NaN of its own differs, inside a list or dict it is the same object.
 */
export function equalJson(a: Json, b: Json, mode: 'python' | 'exact'): boolean {
  if (typeof a === 'string' || typeof b === 'string' || a === null || b === null) return a === b
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalInside(item, b[i] ?? null, mode))
  }
  if (isObject(a)) {
    if (!isObject(b)) return false
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equalInside(a[key] ?? null, b[key] ?? null, mode))
    )
  }
  if (Array.isArray(b) || isObject(b)) return false
  if (mode === 'python') return numeric(a) == numeric(b)
  if (a instanceof Float || b instanceof Float)
    return a instanceof Float && b instanceof Float && Object.is(a.value, b.value)
  return Object.is(a, b)
}

/** Containers compare by identity first, and Python's json makes every NaN the same object. */
function equalInside(a: Json, b: Json, mode: 'python' | 'exact'): boolean {
  return equalJson(a, b, mode) || (Number.isNaN(a) && Number.isNaN(b))
}

function numeric(value: boolean | number | bigint | Float): number | bigint {
  return value instanceof Float ? value.value : typeof value === 'boolean' ? Number(value) : value
}
