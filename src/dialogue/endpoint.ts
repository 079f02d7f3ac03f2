// A client of OpenAI-compatible endpoints: chat with tools, raw completions, several requests under way in order.
import * as v from 'valibot'
import type { Call } from './call/format.ts'
import { HoneError } from '../error.ts'
import { JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { type Endpoint, post } from './endpoint/post.ts'
import type { Tool } from './row.ts'

export interface SamplingRequest {
  temperature: number
  maxTokens: number
  seed?: number
  stop?: readonly string[]
}

export interface ChatReply {
  content: string
  /** Thinking that the server keeps apart from the content; null where it does not. */
  reasoning: string | null
  /** Calls the server has parsed; arguments that are no JSON stay text. */
  calls: Call[]
  finish: string
}

const ChatBody = v.looseObject({
  choices: v.pipe(
    v.array(
      v.looseObject({
        finish_reason: v.nullish(v.string(), ''),
        message: v.looseObject({
          content: v.nullish(v.string(), ''),
          reasoning_content: v.nullish(v.string()),
          tool_calls: v.nullish(
            v.array(
              v.looseObject({
                function: v.looseObject({ name: v.string(), arguments: v.optional(v.unknown(), '{}') }),
              }),
            ),
            [],
          ),
        }),
      }),
    ),
    v.minLength(1),
  ),
})
const TextBody = v.looseObject({ choices: v.pipe(v.array(v.looseObject({ text: v.string() })), v.minLength(1)) })

/** One reply to a chat. @throws HoneError where the endpoint refuses or answers with something else. */
export async function chat(
  endpoint: Endpoint,
  messages: readonly JsonObject[],
  tools: readonly JsonObject[],
  sampling: SamplingRequest,
): Promise<ChatReply> {
  const body = await post(endpoint, 'chat/completions', {
    messages: [...messages],
    ...(tools.length > 0 && { tools: [...tools] }),
    ...spelt(sampling),
  })
  const [choice] = read(ChatBody, body, endpoint).choices
  const { content, reasoning_content, tool_calls } = choice!.message
  return {
    content: content ?? '',
    reasoning: reasoning_content ?? null,
    calls: (tool_calls ?? []).map(({ function: called }) => ({
      name: called.name,
      arguments: readArguments(called.arguments),
    })),
    finish: choice!.finish_reason ?? '',
  }
}

/** A tool as the interface spells it. */
export function toTool({ name, description, parameters }: Tool): JsonObject {
  return { type: 'function', function: { name, description, parameters } }
}

/** The continuation of a raw prompt. @throws HoneError. */
export async function complete(endpoint: Endpoint, prompt: string, sampling: SamplingRequest): Promise<string> {
  const body = await post(endpoint, 'completions', { prompt, ...spelt(sampling) })
  return read(TextBody, body, endpoint).choices[0]!.text
}

/** `ask` of every item with at most `limit` under way, results in the order of the items. The first failure ends it. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  ask: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<{ result: Result } | { error: unknown }>[] = []
  const next = async () => {
    const outcome = await underWay.shift()!
    if ('error' in outcome) throw outcome.error
    return outcome.result
  }
  for (const item of items) {
    if (underWay.length === limit) yield await next()
    underWay.push(
      ask(item).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      ),
    )
  }
  while (underWay.length > 0) yield await next()
}

function spelt({ temperature, maxTokens, seed, stop }: SamplingRequest): JsonObject {
  return { temperature, max_tokens: maxTokens, ...(seed !== undefined && { seed }), ...(stop && { stop: [...stop] }) }
}

function read<Schema extends v.GenericSchema>(schema: Schema, body: unknown, { url }: Endpoint): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body)
  if (result.success) return result.output
  throw new HoneError(
    `Cannot read the reply: ${v.getDotPath(result.issues[0]) ?? 'body'}: ${result.issues[0].message}`,
    { at: url, hint: 'is it an OpenAI-compatible endpoint?' },
  )
}

/** Arguments come as JSON text, from some servers as an object. */
function readArguments(given: unknown): Json {
  if (typeof given !== 'string') return given as Json
  try {
    return parseJson(given)
  } catch (error) {
    if (error instanceof JsonError) return given
    throw error
  }
}
