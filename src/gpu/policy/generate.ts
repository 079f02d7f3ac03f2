// Completions of many prompts in order, as they are ready: the one door of rollout, evaluation and inference to the service.
import type { Sampling } from './law.ts'
import type { Policy } from './policy.ts'
import type { Completion, Session, SessionOptions, Work } from './session.ts'

/** A prompt to complete. Sample i has the key [...key, i]. */
export interface GenerationRequest {
  prompt: readonly number[]
  samples: number
  key: readonly number[]
  /** Fewer than the sampling allows. */
  maxNewTokens?: number
  /** What its completions are held to. */
  within?: Pick<Sampling, 'mask' | 'forced'> | undefined
  /** What each sample may turn out to be, see `SlotRequest.earlier`. */
  earlier?: readonly (readonly number[])[] | undefined
}

export interface GenerationOptions extends SessionOptions {
  /** Told of finished and wanted requests. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Told at the end of what it took. */
  onWork?: ((work: Work) => void) | undefined
}

/** The completions of every request, in order. All are asked for at once, so that those of like length run together. */
export async function generateAll(
  policy: Pick<Policy, 'open'>,
  requests: readonly GenerationRequest[],
  sampling: Sampling,
  { onProgress, onWork, ...options }: GenerationOptions = {},
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
    onWork?.(session.work())
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
  const asked: { request: Request; completions: Promise<Completion[]>; tokens: number }[] = []
  let held = 0
  const first = async () => {
    const { request, completions, tokens } = asked.shift()!
    held -= tokens
    return { request, completions: await completions }
  }
  try {
    for await (const request of requests) {
      const tokens = request.prompt.length + request.samples * (request.maxNewTokens ?? sampling.maxNewTokens)
      while (asked.length > 0 && held + tokens > session.budget) yield await first()
      const completions = complete(session, request, sampling)
      // Who reads no further need not hear that it failed.
      completions.catch(() => {})
      asked.push({ request, completions, tokens })
      held += tokens
    }
    while (asked.length > 0) yield await first()
  } finally {
    session.close()
  }
}

async function complete(
  session: Session,
  { prompt, samples, key, maxNewTokens, within, earlier }: GenerationRequest,
  options: Sampling,
): Promise<Completion[]> {
  const sampling = { ...options, ...within, ...(maxNewTokens !== undefined && { maxNewTokens }) }
  const slots = Array.from({ length: samples }, (_, i) => {
    const guess = earlier?.[i]
    return session.submit({ ids: prompt, sampling, key: [...key, i], ...(guess && { earlier: guess }) })
  })
  try {
    return await Promise.all(slots.map((slot) => slot.completion.finally(slot.release)))
  } finally {
    for (const slot of slots) slot.release()
  }
}
