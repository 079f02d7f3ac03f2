// Rewards for other programs over HTTP, in batches.
import { HoneError } from '../../error.ts'
import { isObject, JsonError, parseJson } from '../../text/json.ts'
import { version } from '../../shell/version.ts'
import { openApi } from './openapi.ts'
import { toSample } from '../../reward/rows.ts'
import type { Scorer } from '../../reward/scorer.ts'
import { listen, type Address } from '../../serve/listen.ts'

const LARGEST_BODY = 256 * 1024 * 1024

export interface RewardServer {
  url: string
  stop(): void
}

/** Serves POST /score, GET /openapi.json and GET /health. @throws HoneError for an open address without a token, or one in use. */
export function serveReward(scorer: Scorer, address: Address): RewardServer {
  const { url, stop } = listen(address, {
    largestBody: LARGEST_BODY,
    refuse,
    async answer(request, pathname) {
      if (pathname === '/health' && request.method === 'GET')
        return Response.json({ status: 'ok', reward: scorer.name, version })
      if (pathname === '/openapi.json' && request.method === 'GET')
        return Response.json(openApi(scorer.name, Boolean(address.token)))
      if (pathname !== '/score') return refuse(404, 'there are /score, /openapi.json and /health')
      if (request.method !== 'POST') return refuse(405, 'use POST')
      return await score(scorer, await request.text())
    },
  })
  return { url, stop: () => void stop(true) }
}

async function score(scorer: Scorer, body: string): Promise<Response> {
  try {
    const request = parseJson(body)
    const rows = isObject(request) ? request['rows'] : request
    if (!Array.isArray(rows))
      return refuse(400, 'expected {"rows": [{"completion": …, "ground_truth": … or "answer": …}]}')
    const verdicts = await scorer.score(rows.map((row, i) => toSample(row, `rows[${i}]`, scorer)))
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
