// Episodes whose calls go to tools: every call of a turn is answered in order, and a turn without one ends the episode.
import type { Call } from '../dialogue/call/format.ts'
import { takesType, typeText } from '../lint/types.ts'
import type { Episode, Observation, Said } from '../rl/environment.ts'
import { isObject, type JsonObject } from '../text/json.ts'
import { ToolFailure, type Runner } from './runner.ts'

/** What the model's last turn is worth; undefined leaves it to the recipe's reward. */
export type Ending = (text: string) => number | undefined

const LONGEST_ERROR = 300

export function toolbox(runners: readonly Runner[], ending: Ending = () => undefined): Episode {
  return {
    async step({ text, calls, fault }: Said): Promise<Observation> {
      if (calls.length === 0) {
        const reward = ending(text)
        return {
          messages: [],
          done: true,
          stop: fault === null ? 'completed' : 'parse_error',
          ...(reward !== undefined && { reward }),
        }
      }
      const results = await Promise.all(calls.map((call) => answer(call, runners)))
      const failed = results.find(({ failure }) => failure !== undefined)?.failure
      return {
        messages: results.map(({ content, error }) => ({
          role: 'tool',
          content: error ? `Error: ${content}` : content,
        })),
        done: false,
        metrics: { tool_calls: calls.length, tool_errors: results.filter(({ error }) => error).length },
        ...(failed !== undefined && { fault: failed }),
      }
    },
    ...(runners.every(({ pure }) => pure) && { fork: () => toolbox(runners, ending) }),
    close() {},
  }
}

/** What a call came to. */
export interface Result {
  /** The result, or what is wrong. */
  content: string
  /** The call did not fit, or the tool failed. */
  error: boolean
  failure?: string
}

/** Runs a call: it never throws. */
export async function answer({ name, arguments: values }: Call, runners: readonly Runner[]): Promise<Result> {
  const runner = runners.find(({ tool }) => tool.name === name)
  const problem = runner ? problemOf(values, runner.tool.parameters) : unknown(name, runners)
  if (problem !== undefined || !runner || !isObject(values)) return { content: String(problem), error: true }
  try {
    return { content: await runner.run(values), error: false }
  } catch (error) {
    const reason = short(error instanceof Error ? error.message : String(error))
    const told = { content: reason, error: true }
    return error instanceof ToolFailure ? { ...told, failure: `${name}: ${reason}` } : told
  }
}

/** What was printed before an error may be long: both ends are told. */
function short(text: string): string {
  const half = LONGEST_ERROR / 2
  return text.length > LONGEST_ERROR ? `${text.slice(0, half)}…${text.slice(-half)}` : text
}

function unknown(name: string, runners: readonly Runner[]): string {
  return `there is no tool ${name}; there are ${runners.map(({ tool }) => tool.name).join(', ')}`
}

/** Why arguments do not fit the tool's parameters, in words for the model. */
function problemOf(values: Call['arguments'], parameters: JsonObject): string | undefined {
  if (!isObject(values)) return 'arguments must be an object'
  const { required, properties } = parameters
  const missing =
    Array.isArray(required) && required.find((key) => typeof key === 'string' && !Object.hasOwn(values, key))
  if (missing) return `the argument ${String(missing)} is missing`
  for (const [key, schema] of Object.entries(isObject(properties) ? properties : {}))
    if (isObject(schema) && values[key] !== undefined && !takesType(values[key], schema))
      return `the argument ${key} must be ${typeText(schema)}`
  return undefined
}
