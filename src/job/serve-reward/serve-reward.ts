// Rewards for other programs over HTTP, in batches.
import { timingSafeEqual } from 'node:crypto'
import { HoneError } from '../../error.ts'
import { isObject, JsonError, parseJson } from '../../text/json.ts'
import { version } from '../../shell/version.ts'
import { openApi } from './openapi.ts'
import { toSample } from '../../reward/rows.ts'
import type { Scorer } from '../../reward/scorer.ts'

export interface ServeOptions {
  host: string
  port: number
  /** Demanded as a bearer token; must be given where `host` is beyond loopback. */
  token: string | undefined
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])
const LARGEST_BODY = 256 * 1024 * 1024

export interface RewardServer {
  url: string
  stop(): void
}

/** Serves POST /score, GET /openapi.json and GET /health. @throws HoneError for an open address without a token, or one in use. */
export function serveReward(scorer: Scorer, { host, port, token }: ServeOptions): RewardServer {
  if (!LOOPBACK.has(host) && !token) {
    throw new HoneError(`Cannot serve on ${host} without a token: anyone on the network could ask`, {
      hint: 'set HONE_TOKEN or --token, or serve on 127.0.0.1',
    })
  }
  let server
  try {
    server = Bun.serve({
      hostname: host,
      port,
      maxRequestBodySize: LARGEST_BODY,
      idleTimeout: 255,
      development: false,
      async fetch(request) {
        const pathname = URL.parse(request.url)?.pathname
        if (pathname === undefined) return refuse(400, 'the Host header is malformed')
        if (pathname === '/health' && request.method === 'GET')
          return Response.json({ status: 'ok', reward: scorer.name, version })
        if (token && !sameToken(request.headers.get('authorization') ?? '', `Bearer ${token}`))
          return refuse(401, 'a bearer token is needed')
        if (pathname === '/openapi.json' && request.method === 'GET')
          return Response.json(openApi(scorer.name, Boolean(token)))
        if (pathname !== '/score') return refuse(404, 'there are /score, /openapi.json and /health')
        if (request.method !== 'POST') return refuse(405, 'use POST')
        return await score(scorer, await request.text())
      },
    })
  } catch (cause) {
    throw new HoneError(`Cannot serve on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  return { url: server.url.href.replace(/\/$/, ''), stop: () => void server.stop(true) }
}

async function score(scorer: Scorer, body: string): Promise<Response> {
  try {
    const request = parseJson(body)
    const rows = isObject(request) ? request['rows'] : request
    if (!Array.isArray(rows))
      return refuse(400, 'expected {"rows": [{"completion": …, "ground_truth": … or "answer": …}]}')
    const verdicts = await scorer.score(rows.map((row, i) => toSample(row, `rows[${i}]`)))
    return Response.json({ verdicts })
  } catch (error) {
    if (error instanceof HoneError) return refuse(400, `${error.at}: ${error.message}`)
    if (error instanceof JsonError) return refuse(400, `the body is not JSON: ${error.message}`)
    throw error
  }
}

function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status })
}

function sameToken(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
