// The model over HTTP: OpenAI's paths, limits on what is taken in, and an end that lets what runs finish.
import { complain } from '../out.ts'
import { version } from '../shell/version.ts'
import { CHANGES, type OpenAdapter } from './adapters.ts'
import { bodyOf, nameIn } from './body.ts'
import { answerChat } from './chat.ts'
import { answerCompletion } from './completions.ts'
import { eventStream } from './events.ts'
import type { Answer, Exchange } from './exchange.ts'
import { listen, type Address } from './listen.ts'
import { countRequest, metricsText, newMetrics, observe, type Metrics } from './metrics.ts'
import { Refusal, refusalResponse } from './refusal.ts'
import { readChat, readCompletion } from './request.ts'
import type { Models } from './models.ts'
import type { Served } from './served.ts'
import { type Sessions, type Space, spaceOf, usualSpace } from './space.ts'
import { write } from './writing.ts'
import type { JsonObject } from '../text/json.ts'

export interface ServerOptions extends Address {
  /** Requests that are answered or wait, at most. */
  maxRequests: number
  /** Seconds that an answer may take. */
  timeout: number
  /** Bytes of a request, at most. */
  maxBody: number
  /** Sessions with addresses of their own, which come and go; the one without a name takes what is asked elsewhere. */
  sessions?: Sessions
  /** Where adapters may be asked for. */
  openAdapter?: OpenAdapter | undefined
}

export interface Server {
  url: string
  metrics: Metrics
  /** Takes nothing new; resolves when what runs is finished. */
  drain(): Promise<void>
  /** Ends at once. */
  stop(): Promise<void>
}

type Endpoint = (served: Served, body: JsonObject, exchange: Exchange) => Promise<Answer>

const ENDPOINTS: Record<string, Endpoint> = {
  '/v1/chat/completions': async (served, body, exchange) => await answerChat(served, readChat(body), exchange),
  '/v1/completions': async (served, body, exchange) => await answerCompletion(served, readCompletion(body), exchange),
}

/** Serves the models, the first of which answers where none is named. @throws HoneError as `listen` does. */
export function openServer(models: Models, options: ServerOptions): Server {
  const metrics = newMetrics()
  const created = seconds()
  let draining = false
  let idle: (() => void) | undefined

  const readings: Record<string, () => Response> = {
    '/health': () => Response.json({ status: draining ? 'draining' : 'ok', version }, { status: draining ? 503 : 200 }),
    '/metrics': () =>
      new Response(metricsText(metrics, process.memoryUsage.rss()), {
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      }),
    '/v1/models': () => Response.json({ object: 'list', data: models.all().map((model) => modelOf(model, created)) }),
  }

  const usual = options.sessions?.get('') ?? usualSpace(models)
  const answer = async (request: Request, whole: string): Promise<Response> => {
    const { space, within: path } = spaceOf(whole, usual, options.sessions)
    const name = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
    const reading =
      name === undefined ? readings[path] : () => Response.json(modelOf(models.find(decoded(name)), created))
    const endpoint = ENDPOINTS[path]
    const change = options.openAdapter && CHANGES[path]
    if (!reading && !endpoint && !change)
      throw new Refusal(
        404,
        `There is no ${path}; there are: ${[...Object.keys(ENDPOINTS), ...Object.keys(readings)].join(', ')}`,
      )
    const method = reading ? 'GET' : 'POST'
    if (request.method !== method) throw new Refusal(405, `Use ${method} for ${path}`)
    if (reading) return reading()
    if (endpoint) return await admit(request, path, endpoint, space)
    await change!(await bodyOf(request, options.maxBody, request.signal), models, options.openAdapter!)
    return Response.json({ object: 'list', data: models.all().map((model) => modelOf(model, created)) })
  }

  async function admit(request: Request, path: string, endpoint: Endpoint, space: Space): Promise<Response> {
    if (draining) throw new Refusal(503, 'The server is about to end', { retryAfter: 5 })
    if (metrics.running >= options.maxRequests)
      throw new Refusal(429, `The server has ${options.maxRequests} requests to answer already`, {
        code: 'queue_full',
        retryAfter: 1,
      })
    metrics.running++
    const began = performance.now()
    const end = new AbortController()
    const gone = () => end.abort(new Refusal(499, 'The client went away'))
    const late = () =>
      end.abort(new Refusal(504, `The answer took more than ${options.timeout} seconds`, { code: 'timeout' }))
    const timer = setTimeout(late, options.timeout * 1000)
    request.signal.addEventListener('abort', gone)
    let giveBack = () => {}
    const over = () => {
      giveBack()
      clearTimeout(timer)
      request.signal.removeEventListener('abort', gone)
      if (request.signal.aborted) metrics.gone++
      else observe(metrics.whole, (performance.now() - began) / 1000)
      if (--metrics.running === 0) idle?.()
    }
    try {
      const body = await bodyOf(request, options.maxBody, end.signal)
      const served = space.models.find(nameIn(body, 'model'))
      giveBack = space.models.hold(served)
      const exchange = space.exchange(exchangeOf(metrics, end.signal, began), path, body)
      const given = await endpoint(served, body, exchange)
      countRequest(metrics, path, 200)
      if ('stream' in given) return eventStream(async (send) => await given.stream(send).finally(over), gone)
      over()
      return Response.json(given.whole)
    } catch (error) {
      over()
      throw error
    }
  }

  const { url, stop } = listen(options, {
    // Read bounded, so that what is too much is answered in the shape of all errors.
    largestBody: Number.MAX_SAFE_INTEGER,
    refuse: (status, message) => refusalResponse(new Refusal(status, message)),
    async answer(request, path) {
      try {
        return await answer(request, path)
      } catch (error) {
        const refusal = refusalOf(error, request)
        countRequest(metrics, ENDPOINTS[path] ? path : 'other', refusal.status)
        return refusalResponse(refusal)
      }
    },
  })
  return {
    url,
    metrics,
    async drain() {
      draining = true
      const { promise, resolve } = Promise.withResolvers<void>()
      idle = resolve
      if (metrics.running > 0) await promise
      await stop(false)
    },
    stop: () => stop(true),
  }
}

/** A fault of hone's is told on standard error, and to the client as one. */
function refusalOf(error: unknown, { signal }: Request): Refusal {
  if (error instanceof Refusal) return error
  if (signal.aborted) return new Refusal(499, 'The client went away')
  complain(`error: ${error instanceof Error ? error.message : String(error)}`)
  return new Refusal(500, 'The request could not be answered')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const seconds = (): number => Math.floor(Date.now() / 1000)

function exchangeOf(metrics: Metrics, signal: AbortSignal, began: number): Exchange {
  let silent = true
  return {
    newId: (prefix) => prefix + crypto.randomUUID().replaceAll('-', '').slice(0, 24),
    created: seconds(),
    seed: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
    async write(served, order, onText) {
      metrics.promptTokens += order.prompt.length
      return await write(served, order, signal, (sample, text, token) => {
        if (silent && text !== '') observe(metrics.firstText, (performance.now() - began) / 1000)
        silent &&= text === ''
        if (token) metrics.generatedTokens++
        onText?.(sample, text, token)
      })
    },
  }
}

const modelOf = ({ name, context }: Served, created: number) => ({
  id: name,
  object: 'model',
  created,
  owned_by: 'hone',
  max_model_len: context,
})
