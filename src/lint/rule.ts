// What a lint rule is: a row that says what is wrong, why it matters, how it looks bad and good, how to find it and how to mend it.
import type { JsonError, JsonObject, Json } from '../text/json.ts'
import type { Outline } from './outline.ts'
import type { Severity } from '../shell/diag.ts'
import type { HoneRow, Message, Tool, ToolCall } from '../dialogue/row.ts'

/** Keys and indices from the row down to the value meant. */
export type Path = readonly (string | number)[]

/** One finding of a check: `at` below the thing that was checked, or `offset` in the line; `hint` where the rule's own does not fit. */
export interface Fault {
  message: string
  at?: Path
  offset?: number
  hint?: string
}
export type Faults = Fault | readonly Fault[] | undefined

/** What the checks of a run may know beside the row. A rule that `needs` one of these is silent without it. */
export interface LintContext {
  /** --reward: judges right answers, many at once. */
  reward?: { name: string; judge(rows: readonly HoneRow[]): Promise<Judged[]> } | undefined
  /** --max-tokens and --tokenizer. */
  length?: { limit: number; count(row: HoneRow): number } | undefined
  /** --against: whether a question is one of a benchmark, and of which. */
  against?: { find(question: string): string | undefined } | undefined
}

/** What a reward says of the right answer of a row: its score, the best that any row of the kind has, and why it is not that. */
export interface Judged {
  score: number
  best: number
  why: string | undefined
}

interface Common {
  code: string
  severity: Severity
  /** What is wrong, in one sentence. */
  what: string
  /** What it does to training or evaluation. */
  why: string
  /** Lines of a file that the rule finds fault with, and the same mended. */
  bad: string
  good: string
  hint: string
  needs?: keyof LintContext
  /** Only when selected by its code: right for some data sets and noise for others. */
  optIn?: true
  /** A mended copy of a row, null to leave it out, undefined where there is nothing to mend. Applied until nothing changes. */
  fix?(row: JsonObject): JsonObject | null | undefined
}

/**
 * Where a rule looks. `line`: the text before it is read; `record`: any JSON object; `malformed`: an object that is no row; `pair`: one
 * that prefers one text to another;
 * all others: parts of a row. `schema` rules are called once for each of their `keys` that a schema has.
 */
export type Rule = Common &
  (
    | { on: 'syntax'; check(error: JsonError, text: string): Faults }
    | { on: 'line'; check(text: string, value: Json | undefined, outline: Outline | undefined): Faults }
    | { on: 'record' | 'malformed' | 'pair'; check(record: JsonObject): Faults }
    | { on: 'row'; check(row: HoneRow, context: LintContext): Faults }
    | { on: 'message'; check(message: Message, index: number, row: HoneRow): Faults }
    | { on: 'tool'; check(tool: Tool): Faults }
    | { on: 'schema'; keys: readonly string[]; check(schema: JsonObject, key: string, root: JsonObject): Faults }
    | { on: 'call'; check(call: ToolCall, tool: Tool | undefined, row: HoneRow): Faults }
    | { on: 'value'; check(value: Json, schema: JsonObject): Faults }
    | { on: 'mistyped'; check(value: Json, schema: JsonObject): Faults }
    | { on: 'judged'; check(judged: Judged, reward: string): Faults }
    | { on: 'across'; of(keys: RowKeys): number; differsIn?(keys: RowKeys): number; check(first: number): Faults }
  )

/** Hashes by which rows of a file are compared with each other. */
export interface RowKeys {
  id: number
  /** Messages and tools. */
  prompt: number
  answer: number
}

/** The example row that every rule's examples vary. */
export const EXAMPLE = {
  id: 'weather-1',
  source: 'example',
  messages: [{ role: 'user', content: 'How warm will it be in Oslo tomorrow?' }],
  tools: [
    {
      name: 'get_weather',
      description: 'Forecast for a city.',
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string', description: 'Name of the city.' },
          days: { type: 'integer', description: 'Days ahead.' },
        },
        required: ['city'],
      },
    },
  ],
  answer: [{ name: 'get_weather', arguments: { city: 'Oslo', days: 1 } }],
  meta: {},
} satisfies HoneRow

/** The example with some fields replaced, as a line. */
export function example(change: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...EXAMPLE, ...change })
}

/** The example with other arguments in its answer. */
export function exampleCall(values: Record<string, unknown>): string {
  return example({ answer: [{ name: 'get_weather', arguments: values }] })
}

/** The example whose parameter `days` has another schema. */
export function exampleSchema(days: unknown, values: Record<string, unknown> = { city: 'Oslo' }): string {
  const [tool] = EXAMPLE.tools
  const properties = { ...tool!.parameters.properties, days }
  return example({
    tools: [{ ...tool, parameters: { ...tool!.parameters, properties } }],
    answer: [{ name: 'get_weather', arguments: values }],
  })
}
