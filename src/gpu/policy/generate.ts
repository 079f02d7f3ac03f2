// Completions of many prompts in order, as they are ready: the one door of rollout, evaluation and inference to the service.
import type { Sampling } from './law.ts'
import type { Policy } from './policy.ts'
import type { Completion, Session, SessionOptions } from './session.ts'

/** A prompt to complete. Sample i has the key [...key, i]. */
export interface GenerationRequest {
  prompt: readonly number[]
  samples: number
  key: readonly number[]
  /** Fewer than the sampling allows. */
  maxNewTokens?: number
  /** What its completions are held to. */
  within?: Pick<Sampling, 'mask' | 'forced'> | undefined
}

export interface GenerationOptions extends SessionOptions {
  /** Told of finished and wanted requests. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** The completions of every request, in order. All are asked for at once, so that those of like length run together. */
export async function generateAll(
  policy: Pick<Policy, 'open'>,
  requests: readonly GenerationRequest[],
  sampling: Sampling,
  { onProgress, ...options }: GenerationOptions = {},
): Promise<Completion[][]> {
  const session = policy.open({ ...options, remember: false })
  let done = 0
  try {
    return await Promise.all(
      requests.map(async (request) => {
        const completions = await complete(session, request, sampling)
        onProgress?.(++done, requests.length)
        return completions
      }),
    )
  } finally {
    session.close()
  }
}

/**
 * Each request with its completions, in order, as they are ready. Requests are read on as far as the budget of the session
 * holds what they ask for, so that a stream of them takes bounded memory.
 */
export async function* generate<Request extends GenerationRequest>(
  policy: Pick<Policy, 'open'>,
  requests: Iterable<Request> | AsyncIterable<Request>,
  sampling: Sampling,
  options: SessionOptions = {},
): AsyncGenerator<{ request: Request; completions: Completion[] }> {
  const session = policy.open({ ...options, remember: false })
  const written = async function* (some: readonly Request[]) {
    const asked = some.map((request) => ({ request, completions: complete(session, request, sampling) }))
    for (const { request, completions } of asked) yield { request, completions: await completions }
  }
  try {
    let some: Request[] = []
    let most = 0
    for await (const request of requests) {
      const tokens = request.prompt.length + request.samples * (request.maxNewTokens ?? sampling.maxNewTokens)
      if (some.length > 0 && (some.length + 1) * Math.max(most, tokens) > session.budget) {
        yield* written(some)
        some = []
        most = 0
      }
      some.push(request)
      most = Math.max(most, tokens)
    }
    yield* written(some)
  } finally {
    session.close()
  }
}

async function complete(
  session: Session,
  { prompt, samples, key, maxNewTokens, within }: GenerationRequest,
  options: Sampling,
): Promise<Completion[]> {
  const sampling = { ...options, ...within, ...(maxNewTokens !== undefined && { maxNewTokens }) }
  const slots = Array.from({ length: samples }, (_, i) => session.submit({ ids: prompt, sampling, key: [...key, i] }))
  try {
    return await Promise.all(slots.map((slot) => slot.completion.finally(slot.release)))
  } finally {
    for (const slot of slots) slot.release()
  }
}
