// A model that is served under a name, and what a request makes of it: a prompt within its context, drawn by the seed.
import type { CallFormat } from '../dialogue/call/format.ts'
import type { Constrainer, Constraint } from '../dialogue/constrain.ts'
import type { Constrained } from '../dialogue/grammar/frame.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import type { Law } from '../gpu/policy/law.ts'
import { KEY } from '../rl/order.ts'
import { Refusal } from './refusal.ts'
import type { Order, Writer } from './writing.ts'

export interface Served extends Writer {
  name: string
  /** Other names that mean it. */
  aliases: readonly string[]
  form: PromptForm
  format: CallFormat
  vocabulary: number
  /** Tokens that a prompt and its answer may have together. */
  context: number
  /** Longest answer where a request names none. */
  usualTokens: number
  /** What its calls are held to where a request forces none. */
  constrain: 'none' | Constrained
  /** @throws HoneError where its tokens are no stretches of bytes. */
  constrainer(): Constrainer
  /** Gives back its memory. */
  close(): void
}

export interface Wanted {
  prompt: readonly number[]
  /** The request's field that it stands in. */
  param: string
  law: Law
  maxTokens: number | null | undefined
  samples: number
  stops: readonly string[]
  alternatives: number
  seed: number
  /** Which of the request's prompts it is. */
  index: number
  /** What the answer is held to. */
  constraint?: Pick<Constraint, 'mask' | 'forced'> | undefined
}

/** Draws as `hone infer --seed` does for row `index`. @throws Refusal where the context has no room for it. */
export function orderOf(
  { tokenizer, context, usualTokens, vocabulary }: Served,
  { prompt, param, law, maxTokens, samples, stops, alternatives, seed, index, constraint }: Wanted,
): Order {
  if (prompt.length === 0) throw new Refusal(400, 'The prompt is empty', { param })
  if (prompt.some((id) => id >= vocabulary))
    throw new Refusal(400, `An id of the prompt is not among the model's ${vocabulary}`, { param })
  const room = context - prompt.length
  const wanted = maxTokens ?? Math.min(usualTokens, room)
  if (room < 1 || wanted > room)
    throw new Refusal(
      400,
      `The context is ${context} tokens: a prompt of ${prompt.length} and an answer of ${Math.max(1, wanted)} need more`,
      { param: room < 1 ? param : 'max_tokens', code: 'context_length_exceeded' },
    )
  return {
    prompt,
    samples,
    stops,
    alternatives,
    key: [seed, KEY.sample, index],
    sampling: {
      ...law,
      maxNewTokens: wanted,
      eosIds: tokenizer.eosIds,
      ...(constraint && { mask: constraint.mask, forced: constraint.forced }),
    },
  }
}
