// /v1/completions: raw prompts, texts or ids, continued.
import { usageOf, type Answer, type Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'
import { lawOf, listOf, promptsOf, type CompletionRequest } from './request.ts'
import { orderOf, type Served } from './served.ts'
import { completionTokens } from './tokens.ts'
import type { OnText, Token } from './writing.ts'

/** Of a request, its prompts and the samples of each taken together. */
const MOST_ANSWERS = 256

/** @throws Refusal for what cannot be answered. */
export async function answerCompletion(
  served: Served,
  request: CompletionRequest,
  exchange: Exchange,
): Promise<Answer> {
  const { n, stream } = request
  const prompts = promptsOf(request)
  if (prompts.length * n > MOST_ANSWERS)
    throw new Refusal(400, `A request has at most ${MOST_ANSWERS} answers`, { param: 'prompt' })
  const seed = request.seed ?? exchange.seed()
  const orders = prompts.map((prompt, index) =>
    orderOf(served, {
      prompt: typeof prompt === 'string' ? served.tokenizer.encode(prompt) : prompt,
      param: 'prompt',
      law: lawOf(request),
      maxTokens: request.max_tokens,
      samples: n,
      stops: listOf(request.stop),
      alternatives: request.logprobs ?? 0,
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
  const told = { logprobs: request.logprobs != null, ids: request.return_token_ids }
  const promptOf = (index: number) =>
    request.return_token_ids && { prompt_token_ids: orders[Math.floor(index / n)]!.prompt }
  const write = async (onText?: OnText) => {
    const each = orders.map((order, i) =>
      exchange.write(served, order, (sample, text, token) => onText?.(i * n + sample, text, token)),
    )
    return (await Promise.all(each)).flat()
  }
  if (!stream) {
    const written = await write()
    const choices = written.map((each, index) => ({
      index,
      text: each.text,
      ...completionTokens(each.tokens, told, served.tokenizer),
      ...promptOf(index),
      finish_reason: each.finish,
    }))
    return { whole: { ...base, choices, usage: usageOf(orders, written) } }
  }
  return {
    async stream(send) {
      const head = { ...base, ...(withUsage && { usage: null }) }
      const waiting = orders.flatMap(() => Array.from({ length: n }, (): Token[] => []))
      const offsets = waiting.map(() => 0)
      const chunk = (index: number, text: string, finish_reason: string | null, more: object = {}) => {
        const tokens = completionTokens(waiting[index]!.splice(0), told, served.tokenizer, offsets[index])
        offsets[index]! += text.length
        send({ ...head, choices: [{ index, text, ...tokens, ...more, finish_reason }] })
      }
      const written = await write((index, text, token) => {
        if (token) waiting[index]!.push(token)
        if (text !== '') chunk(index, text, null)
      })
      for (const [index, each] of written.entries()) chunk(index, '', each.finish, promptOf(index) || {})
      if (withUsage) send({ ...head, choices: [], usage: usageOf(orders, written) })
    },
  }
}
