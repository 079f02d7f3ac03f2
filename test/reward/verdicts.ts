// Reads the recorded verdicts of the original checkers, numbers kept as Python has them.
import { readFileSync } from 'node:fs'
import { Float, isObject, parseJson, type Json, type JsonObject } from '../../src/text/json.ts'

/** Rows of a gzipped JSONL file. Scores are plain numbers. */
export function readGzipRows(path: string): JsonObject[] {
  const text = new TextDecoder().decode(Bun.gunzipSync(readFileSync(path)))
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJson)
    .filter((row) => isObject(row))
    .map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])))
}

/** A value with floats such as 1.0 as plain numbers. */
export function plain(value: Json): Json {
  if (value instanceof Float) return value.value
  if (Array.isArray(value)) return value.map(plain)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
  return value
}
