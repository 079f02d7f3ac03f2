// A sandbox at an address that speaks as SandboxFusion does: POST /run_code.
import * as v from 'valibot'
import { ToolFailure } from '../runner.ts'
import { type Engine, lastLine, type Limits, LONGEST_OUTPUT, MOST_MEMORY, tooSlow } from './engine.ts'

const Answer = v.object({
  status: v.string(),
  message: v.optional(v.string(), ''),
  run_result: v.nullish(
    v.object({
      status: v.optional(v.string(), ''),
      return_code: v.nullish(v.number()),
      stdout: v.nullish(v.string()),
      stderr: v.nullish(v.string()),
    }),
  ),
})

/** Seconds beyond a program's own, for the way there and back. */
const GRACE = 5

export function httpEngine(url: string, { seconds }: Limits): Engine {
  const address = url.endsWith('/run_code') ? url : `${url.replace(/\/$/, '')}/run_code`
  return {
    async run(code) {
      const asked = { code, language: 'python', run_timeout: seconds, memory_limit_MB: MOST_MEMORY / 2 ** 20 }
      const { run_result: ran, status, message } = await answerTo(address, asked, seconds + GRACE)
      if (!ran) throw new ToolFailure(`the sandbox says ${status}: ${message}`)
      const output = (ran.stdout ?? '').slice(0, LONGEST_OUTPUT)
      if (ran.status === 'TimeLimitExceeded') return { output, error: tooSlow(seconds) }
      const failed = (ran.return_code ?? 0) !== 0
      return { output, error: failed ? lastLine(ran.stderr ?? '') || `it ended with code ${ran.return_code}` : null }
    },
    close() {},
  }
}

async function answerTo(address: string, asked: object, seconds: number): Promise<v.InferOutput<typeof Answer>> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      body: JSON.stringify(asked),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(seconds * 1000),
    })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return v.parse(Answer, await response.json())
  } catch (error) {
    throw new ToolFailure(`the sandbox at ${address}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
