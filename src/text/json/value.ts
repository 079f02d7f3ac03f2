// A JSON value as Python has it: 5 and 5.0, true, 2^60+1, NaN and lone surrogates keep their identity, keys their order.

/** An integer-valued Python float (5.0, 1e3, -0.0). Other floats, NaN and the infinities among them, are plain numbers. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export type JsonObject = { [key: string]: Json }
/**
 * A JSON value as Python reads it. A safe integer `number` is a Python int, any other number a float; a `bigint` is an
 * int outside ±(2^53-1); a `Float` is a float with an integer value. Objects keep Python's key order under `keysOf`.
 */
export type Json = null | boolean | number | bigint | string | Float | Json[] | JsonObject

/** Python's key order of the objects in which a JavaScript object would put integer-like keys first. */
const keyOrder = new WeakMap<JsonObject, string[]>()

/** The keys of an object in the order Python's dict has them. */
export function keysOf(object: JsonObject): string[] {
  return keyOrder.get(object) ?? Object.keys(object)
}

/** Remembers Python's order of an object's keys. */
export function setKeyOrder(object: JsonObject, keys: string[]): void {
  keyOrder.set(object, keys)
}

/** True for a JSON object (neither an array nor a Float). */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float)
}

/** The value for what knows JavaScript's values only: 5.0 becomes 5, and an integer beyond 2^53 its nearest number. */
export function plainJson(value: Json): unknown {
  if (value instanceof Float) return value.value
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plainJson)
  if (isObject(value)) return Object.fromEntries(keysOf(value).map((key) => [key, plainJson(value[key]!)]))
  return value
}
