// The hone row, the one record that preparation writes and every later stage reads.
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { dumpJson, isObject, type Json, type JsonObject } from '../text/json.ts'

/** Any object of JSON. */
export const object: v.GenericSchema<JsonObject> = v.custom<JsonObject>(
  (value) => isObject(value as Json),
  'Expected an object',
)

/** A call of a tool: the name and its arguments by parameter name. */
export const ToolCall = v.object({ name: v.string(), arguments: object })

/** A message without rendered tools. Calls made earlier in a dialogue stand in `tool_calls` of an assistant message, their results in messages of role `tool`. */
export const Message = v.looseObject({
  role: v.picklist(['system', 'user', 'assistant', 'tool']),
  content: v.string(),
  tool_calls: v.optional(v.array(ToolCall)),
})

/** A tool on offer; `parameters` is a JSON Schema of type object. */
export const Tool = v.object({ name: v.string(), description: v.string(), parameters: object })

/**
 * One decision of a model: the dialogue so far, the tools on offer and the calls that are right.
 * An empty `answer` says that no tool is to be called. `meta` is free; preparation records where the row came from in it.
 */
export const HoneRow = v.object({
  id: v.string(),
  source: v.string(),
  messages: v.array(Message),
  tools: v.array(Tool),
  answer: v.array(ToolCall),
  meta: v.optional(object, {}),
})

/** The names by which programs keep what a model wrote; of several the first counts. */
export const COMPLETIONS: readonly string[] = ['completion', 'text', 'output', 'response']

/** What names a row, where anything does. */
export const id = v.optional(v.union([v.string(), v.number()]))

/** A row that brings what a model wrote; its other columns stay. */
export const CompletionRow = v.union(COMPLETIONS.map((name) => v.looseObject({ id, [name]: v.string() })))

/** What a model wrote, in a row of any command or of other programs; undefined where there is none. */
export function completionIn(row: JsonObject): Json | undefined {
  const name = COMPLETIONS.find((name) => row[name] !== undefined)
  return name === undefined ? undefined : row[name]
}

/** The id that a row brings, to be kept beside what is made of it. */
export function idField(row: JsonObject | undefined): { id?: string | number } {
  const id = row?.['id']
  return typeof id === 'string' || typeof id === 'number' ? { id } : {}
}

/** The row's id, for people: its own, else its number in the file. */
export const idOf = (row: JsonObject | undefined, line: number): string => String(idField(row).id ?? line)

export type ToolCall = v.InferOutput<typeof ToolCall>
export type Message = v.InferOutput<typeof Message>
export type Tool = v.InferOutput<typeof Tool>

/** What a row is offered in an environment: its own tools beside those that are answered there, of a name the latter. */
export const offeredIn = (answered: readonly Tool[], own: readonly Tool[]): Tool[] => [
  ...answered,
  ...own.filter(({ name }) => !answered.some((tool) => tool.name === name)),
]
export type HoneRow = v.InferOutput<typeof HoneRow>

/** `value` as a hone row. @throws HoneError at `at`, naming the first field that is wrong. */
export function toRow(value: Json, at: string): HoneRow {
  const result = v.safeParse(HoneRow, value)
  if (result.success) return result.output
  const issue = result.issues[0]
  throw new HoneError(
    `Cannot read a hone row: ${issue.path?.map(({ key }) => String(key)).join('.') ?? 'row'}: ${lowerFirst(issue.message)}`,
    {
      at,
      hint: '`hone prep` makes hone rows of other formats; `hone lint` lists every defect of a file',
    },
  )
}

/** The turn that a row teaches: the thought, what is said beside the calls or in their place, and the calls. */
export function taughtTurn({ answer, meta }: Pick<HoneRow, 'answer' | 'meta'>): Message {
  const { reply, thought } = meta
  const none = answer.length > 0 ? '' : 'None of the functions on offer can be used for this.'
  return {
    role: 'assistant',
    content: typeof reply === 'string' ? reply : none,
    ...(answer.length > 0 && { tool_calls: answer }),
    ...(typeof thought === 'string' && { reasoning_content: thought }),
  }
}

/** A row as one line of JSON, numbers as they were read. */
export function rowText(row: HoneRow): string {
  return dumpJson(rowJson(row), { ensureAscii: false })
}

/** A row as JSON: its schema says so for every field that can be reached. */
export const rowJson = (row: Partial<HoneRow>): JsonObject => row as unknown as JsonObject

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
