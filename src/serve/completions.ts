// /v1/completions: raw prompts, texts or ids, continued.
import { decimalsOf } from '../text/json.ts'
import { usageOf, type Answer, type Exchange } from './exchange.ts'
import { lawOf, listOf, promptsOf, type CompletionRequest } from './request.ts'
import { orderOf, type Served } from './served.ts'
import type { Written } from './writing.ts'

/** @throws Refusal for what cannot be answered. */
export async function answerCompletion(
  served: Served,
  request: CompletionRequest,
  exchange: Exchange,
): Promise<Answer> {
  const { n, stream } = request
  const seed = request.seed ?? exchange.seed()
  const orders = promptsOf(request).map((prompt, index) =>
    orderOf(served, {
      prompt: typeof prompt === 'string' ? served.tokenizer.encode(prompt) : prompt,
      param: 'prompt',
      law: lawOf(request),
      maxTokens: request.max_tokens,
      samples: n,
      stops: listOf(request.stop),
      seed,
      index,
    }),
  )
  const withUsage = stream && (request.stream_options?.include_usage ?? false)
  const base = {
    id: exchange.newId('cmpl-'),
    object: 'text_completion',
    created: exchange.created,
    model: served.name,
  }
  const choiceOf = (each: Written, index: number, text: string) => ({
    index,
    text,
    logprobs: logprobsOf(each, served, request),
    finish_reason: each.finish,
    ...(request.return_token_ids && { prompt_token_ids: orders[Math.floor(index / n)]!.prompt, token_ids: each.ids }),
  })
  const write = async (onText?: (index: number, text: string) => void) =>
    (
      await Promise.all(
        orders.map((order, i) => exchange.write(served, order, (sample, text) => onText?.(i * n + sample, text))),
      )
    ).flat()
  if (!stream) {
    const written = await write()
    const choices = written.map((each, index) => choiceOf(each, index, each.text))
    return { whole: { ...base, choices, usage: usageOf(orders, written) } }
  }
  return {
    async stream(send) {
      const head = { ...base, ...(withUsage && { usage: null }) }
      const written = await write((index, text) => {
        if (text !== '') send({ ...head, choices: [{ index, text, logprobs: null, finish_reason: null }] })
      })
      for (const [index, each] of written.entries()) send({ ...head, choices: [choiceOf(each, index, '')] })
      if (withUsage) send({ ...head, choices: [], usage: usageOf(orders, written) })
    },
  }
}

/** Null unless asked for. */
function logprobsOf({ ids, logprobs }: Written, { tokenizer }: Served, request: CompletionRequest) {
  if (request.logprobs == null) return null
  const tokens = Array.from(ids, (id) => tokenizer.decode([id]))
  let offset = 0
  return {
    tokens,
    token_logprobs: decimalsOf(logprobs),
    top_logprobs: null,
    text_offset: tokens.map((token) => (offset += token.length) - token.length),
  }
}
