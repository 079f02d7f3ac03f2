// A client of OpenAI-compatible endpoints: chat with tools, raw completions, retries, several requests under way in order.
import * as v from 'valibot'
import type { Call } from './call/format.ts'
import { HoneError } from '../error.ts'
import { dumpJson, JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import type { Tool } from './row.ts'

export interface Endpoint {
  /** Base such as http://localhost:8000/v1. */
  url: string
  model: string
  key?: string | undefined
  /** Milliseconds that one attempt may take. */
  timeout?: number
  /** Attempts beyond the first, for what may pass: no connection, 408, 429 and 5xx. */
  retries?: number
  /** Waits this many milliseconds; replaced in tests. */
  wait?: (milliseconds: number) => Promise<void>
}

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

async function post(endpoint: Endpoint, path: string, request: JsonObject): Promise<Json> {
  const { url, model, key, timeout = 600_000, retries = 6, wait = Bun.sleep } = endpoint
  const address = `${url.replace(/\/+$/, '').replace(/\/(chat\/)?completions$/, '')}/${path}`
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) }
  const body = dumpJson({ model, ...request }, { ensureAscii: false })
  for (let attempt = 0; ; attempt++) {
    const reply = await attemptPost(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeout) })
    if (reply.ok) return reply.body
    if (!reply.mayPass || attempt >= retries) {
      const Kind = REFUSALS.has(reply.status ?? 0) ? Refused : HoneError
      throw new Kind(`Cannot ask ${address}: ${reply.reason}`, {
        at: address,
        hint: reply.mayPass
          ? `It was tried ${attempt + 1} times; is the server up?`
          : 'Check the URL, the key in OPENAI_API_KEY and --api-model.',
      })
    }
    await wait(Math.min(LONGEST_WAIT, reply.retryAfter ?? 500 * 2 ** attempt))
  }
}

/** Milliseconds until a request is tried again, whatever the endpoint asks for. */
const LONGEST_WAIT = 60_000
/** Bytes of a reply: a server may stream without end. */
const LONGEST_REPLY = 2 ** 26

/** The endpoint will not answer this one request: its policy forbids it, or it is too long. */
export class Refused extends HoneError {}

/** Statuses that speak of a request, not of the address or the key. */
const REFUSALS = new Set([400, 403, 413, 422, 451])

type Reply =
  | { ok: true; body: Json }
  | { ok: false; reason: string; status?: number; mayPass: boolean; retryAfter: number | undefined }

async function attemptPost(address: string, init: RequestInit): Promise<Reply> {
  try {
    const response = await fetch(address, init)
    const text = await textOf(response)
    if (response.ok) return { ok: true, body: parseJson(text) }
    const seconds = Number(response.headers.get('retry-after') ?? NaN)
    return {
      ok: false,
      reason: `status ${response.status}: ${text.slice(0, 300)}`,
      status: response.status,
      mayPass: response.status === 408 || response.status === 429 || response.status >= 500,
      retryAfter: seconds >= 0 ? seconds * 1000 : undefined,
    }
  } catch (error) {
    const reason =
      error instanceof JsonError ? 'the reply is not JSON' : error instanceof Error ? error.message : String(error)
    return { ok: false, reason, mayPass: !(error instanceof Endless), retryAfter: undefined }
  }
}

class Endless extends Error {}

/** @throws Endless where the reply does not come to its end. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    if ((length += chunk.length) > LONGEST_REPLY)
      throw new Endless(`the reply has more than ${LONGEST_REPLY / 2 ** 20} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
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
