// Completions of many prompts in order, as they are ready: the one door of rollout, evaluation and inference to the service.
import type { Sampling } from './law.ts'
import type { Policy } from './policy.ts'
import type { Completion, SessionOptions } from './session.ts'

/** A prompt to complete. Sample i has the key [...key, i]. */
export interface GenerationRequest {
  prompt: readonly number[]
  samples: number
  key: readonly number[]
}

/**
 * Each request with its completions. Requests are read on as far as the budget of the session holds what they ask for, so that
 * an endless stream of them takes bounded memory.
 */
export async function* generate<Request extends GenerationRequest>(
  policy: Pick<Policy, 'open'>,
  requests: Iterable<Request> | AsyncIterable<Request>,
  sampling: Sampling,
  options: SessionOptions = {},
): AsyncGenerator<{ request: Request; completions: Completion[] }> {
  const session = policy.open(options)
  const written = async function* (some: readonly Request[]) {
    const submitted = some.map((request) => ({
      request,
      slots: Array.from({ length: request.samples }, (_, sample) =>
        session.submit({ ids: request.prompt, sampling, key: [...request.key, sample] }),
      ),
    }))
    for (const { request, slots } of submitted) {
      yield { request, completions: await Promise.all(slots.map(({ completion }) => completion)) }
      for (const slot of slots) slot.release()
    }
  }
  try {
    let some: Request[] = []
    let room = session.budget
    for await (const request of requests) {
      const tokens = request.prompt.length + request.samples * sampling.maxNewTokens
      if (tokens > room && some.length > 0) {
        yield* written(some)
        some = []
        room = session.budget
      }
      some.push(request)
      room -= tokens
    }
    yield* written(some)
  } finally {
    session.close()
  }
}

/** The completions of every request. */
export async function generateAll(
  policy: Pick<Policy, 'open'>,
  requests: readonly GenerationRequest[],
  sampling: Sampling,
  options: SessionOptions = {},
): Promise<Completion[][]> {
  const all: Completion[][] = []
  for await (const { completions } of generate(policy, requests, sampling, options)) all.push(completions)
  return all
}
