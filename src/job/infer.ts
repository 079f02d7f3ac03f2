// Inference over rows: what is asked as token ids, completions in batches, one answer per row in order.
import * as v from 'valibot'
import type { Call } from '../dialogue/call/format.ts'
import { findParser } from '../dialogue/call.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import { HoneError } from '../error.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import { generate, type GenerationRequest } from '../gpu/policy/generate.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import { decimalsOf, isObject, type Json } from '../text/json.ts'
import { readRecords } from '../text/jsonl.ts'
import type { PromptForm } from '../dialogue/prompt/form.ts'
import { promptIds } from '../dialogue/prompt.ts'
import { Message, Tool } from '../dialogue/row.ts'
import { textOf } from '../rl/judge.ts'
import { KEY } from '../rl/order.ts'

export interface InferContext {
  policy: Pick<Policy, 'open' | 'config'>
  tokenizer: Tokenizer
  form: PromptForm
  /** Name of the parser that reads the calls. */
  parser: string
  sampling: Sampling
  seed: number
}

/** The answer to one row. Ids include the token that ended it, the text does not. */
export interface Answer {
  text: string
  calls: Call[]
  prompt_ids: number[]
  output_ids: number[]
  /** Of each output id: at temperature 1 where decoding is greedy, else of the distribution sampled from. */
  logprobs: number[]
}

const Asked = v.object({ messages: v.array(Message), tools: v.optional(v.array(Tool), []) })
const Ids = v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), v.minLength(1))

/**
 * Answers to the rows of a JSONL file (`-` = stdin), in order, while it is being read. Row n draws its random numbers by
 * (seed, n), whatever else is in the batch.
 * @throws HoneError at `file:line` for a row that asks nothing, or asks for more than the model's positions.
 */
export async function* infer(file: string, context: InferContext): AsyncGenerator<Answer> {
  const { policy, sampling, seed } = context
  const parser = findParser(context.parser)
  async function* requests(): AsyncGenerator<GenerationRequest> {
    let index = 0
    for await (const { line, value } of readRecords(file))
      yield { prompt: idsOf(value, `${file}:${line}`, context), samples: 1, key: [seed, KEY.sample, index++] }
  }
  for await (const { request, completions } of generate(policy, requests(), sampling)) {
    const [completion] = completions
    const text = textOf(completion!, context.tokenizer)
    const { calls } = parser.parse(text)
    const logprobs = decimalsOf(completion!.logprobs)
    yield { text, calls, prompt_ids: [...request.prompt], output_ids: completion!.ids, logprobs }
  }
}

function idsOf(row: Json, at: string, { tokenizer, form, policy, sampling }: InferContext): number[] {
  const ids = read(row, at, tokenizer, form)
  const { vocabulary, maxPositions } = policy.config
  const strange = ids.find((id) => id >= vocabulary)
  if (strange !== undefined)
    throw new HoneError(`Cannot complete the row: id ${strange} is not among the model's ${vocabulary}`, { at })
  if (ids.length + sampling.maxNewTokens > maxPositions)
    throw new HoneError(
      `Context too long: a prompt of ${ids.length} and a completion of ${sampling.maxNewTokens} tokens need more than the model's ${maxPositions} positions`,
      { at, hint: 'Lower --max-new-tokens, or shorten the prompt.' },
    )
  return ids
}

function read(row: Json, at: string, tokenizer: Tokenizer, form: PromptForm): number[] {
  const given = isObject(row) ? row : {}
  const ids = v.safeParse(Ids, given['input_ids'])
  if (ids.success) return ids.output
  const asked = v.safeParse(Asked, given)
  if (asked.success) return promptIds(form, asked.output, tokenizer)
  if (typeof given['prompt'] === 'string' && given['prompt'] !== '') return tokenizer.encode(given['prompt'])
  throw new HoneError('Cannot complete the row: it holds no "messages", "prompt" or "input_ids" that can be read', {
    at,
    hint: 'Expected {"messages": […], "tools": […]}, {"prompt": "…"} or {"input_ids": […]}.',
  })
}
