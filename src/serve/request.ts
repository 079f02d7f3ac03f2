// The bodies of requests as OpenAI and vLLM name their fields, read strictly where hone knows them.
import * as v from 'valibot'
import { readAsked } from '../data/asked.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import { HoneError } from '../error.ts'
import type { Law } from '../gpu/policy/law.ts'
import { isObject, plainJson, type Json, type JsonObject } from '../text/json.ts'
import { temperature } from '../text/setting.ts'
import { Refusal } from './refusal.ts'

const integer = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most))
const share = () => v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const flag = () => v.nullish(v.boolean(), false)
const some = v.pipe(v.string(), v.nonEmpty())
/** Not offered: only the value that changes nothing is taken. */
const never = (neutral: number) => v.nullish(v.literal(neutral))

/** What both kinds of request have. */
const common = {
  model: v.nullish(v.string()),
  temperature: v.nullish(temperature(true), 1),
  top_p: v.nullish(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 1),
  top_k: v.nullish(integer(-1), 0),
  min_p: v.nullish(share(), 0),
  repetition_penalty: v.nullish(v.pipe(v.number(), v.gtValue(0)), 1),
  presence_penalty: never(0),
  frequency_penalty: never(0),
  logit_bias: v.nullish(v.strictObject({})),
  max_tokens: v.nullish(integer(1)),
  n: v.nullish(integer(1, 128), 1),
  stop: v.nullish(v.union([some, v.array(some)]), []),
  seed: v.nullish(integer(Number.MIN_SAFE_INTEGER)),
  stream: flag(),
  stream_options: v.nullish(v.object({ include_usage: flag() })),
  return_token_ids: flag(),
}

/** Most alternatives that are told of a token. */
const MOST_LOGPROBS = 20

const Named = v.object({ type: v.literal('function'), function: v.object({ name: v.string() }) })
const ChatFields = v.object({
  ...common,
  max_completion_tokens: v.nullish(integer(1)),
  logprobs: flag(),
  top_logprobs: v.nullish(integer(0, MOST_LOGPROBS), 0),
  tool_choice: v.nullish(v.union([v.picklist(['auto', 'none', 'required']), Named]), 'auto'),
  parallel_tool_calls: v.nullish(v.boolean(), true),
  response_format: v.nullish(
    v.variant('type', [
      v.object({ type: v.literal('text') }),
      v.object({ type: v.literal('json_object') }),
      v.object({
        type: v.literal('json_schema'),
        json_schema: v.object({ schema: v.custom<JsonObject>((value) => isObject(value as Json)) }),
      }),
    ]),
  ),
  chat_template_kwargs: v.nullish(v.record(v.string(), v.unknown()), {}),
})
const Ids = v.pipe(v.array(integer(0)), v.minLength(1))
const CompletionFields = v.object({
  ...common,
  prompt: v.union([v.string(), Ids, v.pipe(v.array(v.union([v.string(), Ids])), v.minLength(1))]),
  logprobs: v.nullish(integer(0, MOST_LOGPROBS)),
  echo: v.nullish(v.literal(false)),
  best_of: v.nullish(v.literal(1)),
  suffix: v.nullish(v.literal('')),
})

export type ChatRequest = v.InferOutput<typeof ChatFields> & { asked: Asked }
export type CompletionRequest = v.InferOutput<typeof CompletionFields>

/** @throws Refusal naming the field that is wrong. */
export function readChat(body: JsonObject): ChatRequest {
  const { messages, tools, functions, ...others } = body
  const fields = read(ChatFields, others)
  if (!Array.isArray(messages) || messages.length === 0)
    throw new Refusal(400, 'messages must be a list of at least one message', { param: 'messages' })
  const row: JsonObject = { messages, ...given({ tools, functions }) }
  return { ...fields, asked: refusing('messages', () => readAsked(row)) }
}

/** @throws Refusal naming the field that is wrong. */
export const readCompletion = (body: JsonObject): CompletionRequest => read(CompletionFields, body)

/** The law that a request asks for. */
export function lawOf(request: Pick<ChatRequest, keyof typeof common>): Law {
  const { temperature, top_p: topP, top_k, min_p: minP, repetition_penalty: repetitionPenalty } = request
  return { temperature, topP, topK: Math.max(0, top_k), minP, repetitionPenalty }
}

export const listOf = (stop: string | readonly string[]): readonly string[] =>
  typeof stop === 'string' ? [stop] : stop

/** The prompts of a completion: texts or ids. */
export function promptsOf({ prompt }: CompletionRequest): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt]
  return prompt.every((each) => typeof each === 'number') ? [prompt] : prompt.filter((each) => typeof each !== 'number')
}

/** What hone says of data is said of the request. */
export function refusing<Result>(param: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof HoneError)
      throw new Refusal(400, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`, { param })
    throw error
  }
}

function read<Schema extends v.GenericSchema>(schema: Schema, body: JsonObject): v.InferOutput<Schema> {
  const result = v.safeParse(schema, plainJson(body))
  if (result.success) return result.output
  const issue = result.issues[0]
  const param = v.getDotPath(issue) ?? undefined
  throw new Refusal(
    400,
    `${param ?? 'The body'}: expected ${issue.expected ?? issue.message}, received ${issue.received}`,
    {
      param,
    },
  )
}

const given = (fields: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, value]])),
  )
