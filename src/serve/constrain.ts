// What a request, or the server, holds an answer to: calls of the tools on offer, one that must be made, a value of a schema.
import type { Constrainer, Constraint } from '../dialogue/constrain.ts'
import { valueGrammar } from '../dialogue/grammar/frame.ts'
import { inRow, terminal, type Rule } from '../dialogue/grammar/rule.ts'
import { scan } from '../dialogue/grammar/scan.ts'
import { thinks, unkept } from '../dialogue/hold.ts'
import { notice } from '../shell/notice.ts'
import { dumpJson, type Json, type JsonObject } from '../text/json.ts'
import { Refusal } from './refusal.ts'
import { refusing, type ChatRequest } from './request.ts'
import type { Served } from './served.ts'

/** Undefined where anything may be said. `opened` is the thought that the prompt opens. @throws Refusal */
export function heldTo(served: Served, request: ChatRequest, opened: string): Constraint | undefined {
  const { tool_choice, response_format, asked } = request
  const schema = schemaOf(response_format)
  const forced = tool_choice !== 'auto' && tool_choice !== 'none'
  if (schema !== undefined) {
    if (forced || (asked.tools.length > 0 && tool_choice === 'auto'))
      throw new Refusal(400, "A format cannot be forced beside tools: set tool_choice to 'none'", {
        param: 'response_format',
      })
    return refusing('response_format', () =>
      made(served, [schema, opened !== ''], (held) => valueOf(held, schema, opened)),
    )
  }
  const tools = forced ? forcedTools(request) : tool_choice === 'none' ? [] : asked.tools
  const what = forced ? 'reply' : served.constrain
  if (what === 'none' || tools.length === 0) return undefined
  const thought = opened !== '' ? 'opened' : thinks(served.form) ? 'first' : 'perhaps'
  const options = { what, thought, required: forced } as const
  const key = [tools.map(({ name, parameters }) => ({ name, parameters })), { ...options }]
  return refusing('tools', () => made(served, key, (held) => held.calls(served.format, tools, options)))
}

/** What was made for requests before: a conversation asks with the same tools turn by turn. */
const kept = new WeakMap<Constrainer, Map<string, Constraint>>()
const KEPT = 64

function made({ constrainer }: Served, asks: Json, make: (held: Constrainer) => Constraint): Constraint {
  const held = constrainer()
  const known = kept.get(held) ?? new Map<string, Constraint>()
  kept.set(held, known)
  const key = dumpJson(asks)
  const constraint = known.get(key) ?? make(held)
  if (!known.has(key)) for (const each of constraint.notices) notice.info(unkept(each))
  // The one asked for last goes last.
  known.delete(key)
  known.set(key, constraint)
  if (known.size > KEPT) known.delete(known.keys().next().value!)
  return constraint
}

/** The tools of which one must be called. @throws Refusal */
function forcedTools({ tool_choice, asked }: ChatRequest) {
  if (asked.tools.length === 0)
    throw new Refusal(400, 'A call cannot be forced without tools', { param: 'tool_choice' })
  if (typeof tool_choice === 'string') return asked.tools
  const named = tool_choice!.function.name
  const found = asked.tools.filter(({ name }) => name === named)
  if (found.length === 0)
    throw new Refusal(400, `tool_choice names no tool on offer: ${named}`, { param: 'tool_choice' })
  return found
}

/** Undefined for text. */
function schemaOf(format: ChatRequest['response_format']): JsonObject | undefined {
  if (!format || format.type === 'text') return undefined
  return format.type === 'json_object' ? { type: 'object' } : format.json_schema.schema
}

/** Behind the thought where the prompt has opened one. */
function valueOf(constrainer: Constrainer, schema: JsonObject, opened: string): Constraint {
  const { rule, notices } = valueGrammar(schema)
  const whole: Rule = opened === '' ? rule : inRow(terminal(scan({ until: ['</think>'], never: [] })), rule)
  return constrainer.grammar({ rule: whole, notices: notices.map((each) => ({ tool: 'response_format', ...each })) })
}
