// A request to an OpenAI-compatible endpoint, until it is answered or there is no sense in asking on: waits, and what a server does not take.
import { HoneError } from '../../error.ts'
import { detail } from '../../out.ts'
import { dumpJson, isObject, JsonError, parseJson, type Json, type JsonObject } from '../../text/json.ts'

export interface Endpoint {
  /** Base such as http://localhost:8000/v1. */
  url: string
  model: string
  key?: string | undefined
  /** Milliseconds that one attempt may take. */
  timeout?: number | undefined
  /** Attempts beyond the first, for what may pass: a connection that breaks, no answer in time, 408, 429 and 5xx. */
  retries?: number | undefined
  /** Waits this many milliseconds; replaced in tests. */
  wait?: (milliseconds: number) => Promise<void>
  /** Hears why a request is asked again, and in how many milliseconds; and what is left out of requests from now on. */
  onRetry?: (reason: string, milliseconds: number) => void
  onAdapted?: (what: string) => void
}

export const TIMEOUT = 300_000
export const RETRIES = 6

/** Milliseconds until a request is tried again, whatever the endpoint asks for. */
const LONGEST_WAIT = 60_000
/** Bytes of a reply: a server may stream without end. */
const LONGEST_REPLY = 2 ** 26

/** The endpoint will not answer this one request: its policy forbids it, or it is too long. */
export class Refused extends HoneError {}

/** Statuses that speak of a request, not of the address or the key. */
const REFUSALS = new Set([400, 403, 413, 422, 451])

/** What servers say that they do not take, by the parameter that their error names, and what is sent in its place. */
const ADAPTATIONS: Record<string, { told: string; adapt(request: JsonObject): JsonObject }> = {
  max_tokens: {
    told: 'max_tokens is sent as max_completion_tokens',
    adapt: ({ max_tokens, ...rest }) => ({
      ...rest,
      ...(max_tokens !== undefined && { max_completion_tokens: max_tokens }),
    }),
  },
  temperature: {
    told: 'no temperature is sent: answers are sampled as the endpoint likes',
    adapt: ({ temperature: _, ...rest }) => rest,
  },
  seed: { told: 'no seed is sent: answers cannot be repeated', adapt: ({ seed: _, ...rest }) => rest },
}

/** What is known of an endpoint from its replies. */
const known = new WeakMap<Omit<Endpoint, 'model'>, { reached: boolean; adapted: Set<string> }>()

function stateOf(endpoint: Omit<Endpoint, 'model'>) {
  const state = known.get(endpoint) ?? { reached: false, adapted: new Set<string>() }
  known.set(endpoint, state)
  return state
}

/**
 * The reply to a request for the endpoint's model, as JSON. What may pass is tried again; that nothing listens there may not, as long
 * as nothing ever answered. @throws Refused for this one request, HoneError for any.
 */
export async function post(endpoint: Endpoint, path: string, request: JsonObject): Promise<Json> {
  return await send(endpoint, path, { model: endpoint.model, ...request }, parseJson)
}

/** The same for a request of any kind; `read` may throw a JsonError for a reply that is none. */
export async function send<Body>(
  endpoint: Omit<Endpoint, 'model'>,
  path: string,
  request: JsonObject,
  read: (text: string) => Body,
): Promise<Body> {
  const { url, key, timeout = TIMEOUT, retries = RETRIES, wait = Bun.sleep, onRetry, onAdapted } = endpoint
  const address = `${url.replace(/\/+$/, '').replace(/\/(chat\/)?completions$/, '')}/${path}`
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) }
  const state = stateOf(endpoint)
  for (let attempt = 0; ; attempt++) {
    const adapted = [...state.adapted].reduce((made, name) => ADAPTATIONS[name]!.adapt(made), request)
    const body = dumpJson(adapted, { ensureAscii: false })
    const start = performance.now()
    const reply = await attemptPost(address, { method: 'POST', headers, body }, timeout, read)
    detail(
      `${address}: ${reply.ok ? 'answered' : reply.reason} in ${((performance.now() - start) / 1000).toFixed(2)} s`,
    )
    state.reached ||= reply.ok || reply.status !== undefined
    if (reply.ok) return reply.body
    const unsupported = unsupportedBy(reply)
    if (unsupported !== undefined && !state.adapted.has(unsupported)) {
      state.adapted.add(unsupported)
      onAdapted?.(ADAPTATIONS[unsupported]!.told)
      attempt--
      continue
    }
    const absent = reply.absent && !state.reached
    if (!reply.mayPass || absent || attempt >= retries) {
      const Kind = REFUSALS.has(reply.status ?? 0) ? Refused : HoneError
      throw new Kind(`Cannot ask the endpoint: ${reply.reason}`, {
        at: address,
        hint: absent
          ? 'is the server up, and the address right? It ends in /v1 for most servers'
          : reply.mayPass
            ? `it was tried ${attempt + 1} times; is the server up?`
            : 'check the URL, the key in OPENAI_API_KEY and --api-model',
      })
    }
    const pause = Math.min(LONGEST_WAIT, reply.retryAfter ?? 500 * 2 ** attempt)
    onRetry?.(reply.reason, pause)
    await wait(pause)
  }
}

type Reply<Body> = { ok: true; body: Body } | Failed

interface Failed {
  ok: false
  reason: string
  status?: number
  /** What the body says of the error. */
  error?: JsonObject
  mayPass: boolean
  /** Nothing listens there, or there is no such host. */
  absent?: boolean
  retryAfter?: number | undefined
}

async function attemptPost<Body>(
  address: string,
  init: RequestInit,
  timeout: number,
  read: (text: string) => Body,
): Promise<Reply<Body>> {
  try {
    const response = await fetch(address, { ...init, signal: AbortSignal.timeout(timeout) })
    const text = await textOf(response)
    if (response.ok) return { ok: true, body: read(text) }
    const seconds = Number(response.headers.get('retry-after') ?? NaN)
    const error = errorIn(text)
    return {
      ok: false,
      reason: `status ${response.status}: ${(typeof error?.['message'] === 'string' ? error['message'] : text).slice(0, 300)}`,
      status: response.status,
      ...(error && { error }),
      mayPass: response.status === 408 || response.status === 429 || response.status >= 500,
      retryAfter: seconds >= 0 ? seconds * 1000 : undefined,
    }
  } catch (error) {
    return { ok: false, ...failureOf(error, timeout) }
  }
}

/** What the runtime calls it, in words. */
const CONNECTIONS: Record<string, { reason: string; absent?: true }> = {
  ECONNREFUSED: { reason: 'nothing listens there', absent: true },
  ENOTFOUND: { reason: 'there is no such host', absent: true },
  ECONNRESET: { reason: 'the connection was closed before an answer came' },
}

function failureOf(error: unknown, timeout: number) {
  if (error instanceof JsonError) return { reason: 'the reply is not JSON', mayPass: true }
  if (!(error instanceof Error)) return { reason: String(error), mayPass: true }
  if (error.name === 'TimeoutError')
    return { reason: `no answer within ${timeout / 1000} s (--timeout)`, mayPass: true }
  const code = 'code' in error ? String(error.code) : ''
  const found = CONNECTIONS[code]
  return {
    mayPass: !(error instanceof Endless),
    ...(found ?? { reason: error.message.replace(/ For more information.*/s, '') }),
  }
}

function errorIn(text: string): JsonObject | undefined {
  try {
    const body = parseJson(text)
    const error = isObject(body) ? body['error'] : undefined
    return isObject(error) ? error : undefined
  } catch {
    return undefined
  }
}

/** The parameter that the endpoint says it does not take, where something can be sent in its place. */
function unsupportedBy({ status, error }: Failed): string | undefined {
  const param = error?.['param']
  const said = `${String(error?.['code'])} ${String(error?.['message'])}`
  return status === 400 && typeof param === 'string' && Object.hasOwn(ADAPTATIONS, param) && /support/i.test(said)
    ? param
    : undefined
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
