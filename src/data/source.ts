// What a source of tool-calling data is: how its rows are recognised and how each becomes a dialogue.
import { isObject, JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import type { Message } from '../dialogue/row.ts'

/** One turn of a dialogue. An assistant turn with `tool_calls` (empty = "no tool is to be called") is a decision; `fault` says why a turn could not be read. */
export type Turn = Message & { fault?: string }

/** A raw row in common terms: tools still in whatever schema spelling they came, turns in order, decisions among them. */
export interface Dialogue {
  id?: string
  tools: Json[]
  turns: Turn[]
  /** The source teaches the last decision alone; calls before it are history. */
  lastOnly?: boolean
  /** Indices of turns that are history and never learnt. */
  untaught?: ReadonlySet<number>
  meta: JsonObject
}

/** Where a raw row came from: its file, its 0-based index there, and what the file beside it says about its id. */
export interface Origin {
  path: string
  index: number
  companion: ReadonlyMap<string, Json>
}

export interface Source {
  /** One line for people: what it is, its name on the hub, its licence. */
  what: string
  /** Does this row look like one of ours? Judged from content alone. */
  recognises(record: JsonObject): boolean
  /** @throws Rejection */
  convert(record: JsonObject, origin: Origin): Dialogue
  /** The file beside `path` that holds the answers, by row id. */
  companion?(path: string): Promise<Map<string, Json>>
  /** Conversions that give exactly what a published script gives, by the script's name. Their tools are not repaired and no filter runs. */
  compat?: Record<string, (record: JsonObject, origin: Origin) => Dialogue>
  /**
   * An empty default says nothing: ToolRL's converter writes `""` wherever there was none, and drops the list of required
   * parameters. Whether such a parameter is required is then unknown; its own answers leave out one in eight.
   */
  emptyDefaultIsNone?: boolean
}

/** Why a row or one of its steps is not in the output. */
export class Rejection extends Error {
  readonly reason: Reason
  /** The field of the row that is wrong, where one is known: keys and indices. */
  readonly path: readonly string[]
  constructor(reason: Reason, detail: string, path: readonly string[] = []) {
    super(detail)
    this.name = 'Rejection'
    this.reason = reason
    this.path = path
  }
}

/** Every reason for leaving a row or a step out. */
export const REASONS = {
  'malformed-json': 'the text is not JSON',
  'not-an-object': 'the row is not a JSON object',
  'wrong-shape': 'a field that the source needs is absent or of another type',
  'bad-tools': 'the tool list cannot be read',
  'bad-call': 'a call cannot be read',
  'no-answer': 'the source gives no answer for the row',
  'no-question': 'nothing comes before the answer',
  'no-decision': 'the dialogue holds no call',
  'no-call': 'a turn without a call (kept with --keep-no-call)',
  'absent-tool': 'a call names a tool that is not on offer',
  duplicate: 'an equal row came before',
  'too-long': 'the prompt has more tokens than --max-tokens',
} as const
export type Reason = keyof typeof REASONS

/** What `read` gives; what it rejects is said to be in that field. */
export function inField<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    const detail = `${field}${/^[\w.]+: /.test(error.message) ? '.' : ': '}${error.message}`
    throw new Rejection(error.reason, detail, [...field.split('.'), ...error.path])
  }
}

/** The string under `key`. @throws Rejection */
export function stringAt(record: JsonObject, key: string): string {
  const value = record[key]
  if (typeof value === 'string') return value
  throw new Rejection('wrong-shape', `"${key}" is ${kindOf(value)}, expected a string`, [key])
}

/** The array under `key`, which may also be JSON text of one. @throws Rejection */
export function arrayAt(record: JsonObject, key: string, reason: Reason = 'wrong-shape'): Json[] {
  const value = unwrapText(record[key], key, reason, [key])
  if (Array.isArray(value)) return value
  throw new Rejection(reason, `"${key}" is ${kindOf(value)}, expected an array`, [key])
}

/** JSON text is read, anything else stays as it is. @throws Rejection where the text is not JSON. */
export function unwrapText(
  value: Json | undefined,
  what: string,
  reason: Reason,
  path: readonly string[] = [],
): Json | undefined {
  if (typeof value !== 'string') return value
  try {
    return parseJson(value)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Rejection(reason, `"${what}" is text that is not JSON: ${error.message} at ${error.offset}`, path)
  }
}

/** `value` as JSON where it is the text of an object or array, else undefined. */
export function jsonIn(value: string): Json | undefined {
  if (!/^\s*[[{]/.test(value)) return undefined
  try {
    return parseJson(value)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

/** A word for the type of a JSON value. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (isObject(value)) return 'an object'
  return typeof value === 'string' ? 'a string' : typeof value === 'boolean' ? 'a boolean' : 'a number'
}
