// JSON values as Python's json module reads and writes them.
import { Float, keysOf, type Json } from '../json.ts'
import { repr } from './repr.ts'
import { Bytes, Complex, Dict, ELLIPSIS, numeric, PySet, PythonError, Tuple, typeName, type Py } from './value.ts'

/** A JSON value as Python's `json.loads` would have it. */
export function fromJson(value: Json): Py {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null || value instanceof Float) return value
  return new Dict(keysOf(value).map((key) => [key, fromJson(value[key] ?? null)]))
}

/** A Python value as `json.dumps` would write it: tuples become lists, keys strings. @throws PythonError TypeError for a set, bytes, complex or `...`. */
export function toJson(value: Py): Json {
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof Tuple) return value.items.map(toJson)
  if (value instanceof Dict)
    return Object.fromEntries([...value.entries()].map(([key, item]) => [jsonKey(key), toJson(item)]))
  if (value === ELLIPSIS || value instanceof PySet || value instanceof Bytes || value instanceof Complex) {
    throw new PythonError('TypeError', `Object of type ${typeName(value)} is not JSON serializable`)
  }
  return value
}

function jsonKey(key: Py): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (numeric(key) === undefined)
    throw new PythonError('TypeError', `keys must be str, int, float, bool or None, not ${typeName(key)}`)
  const text = repr(key)
  return { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[text] ?? text
}
