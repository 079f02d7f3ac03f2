// Servers that continue ids and say the log-prob of each id that they wrote: how they are asked, and how they take an adapter.
import * as v from 'valibot'
import type { JsonObject } from '../../text/json.ts'

/** A prompt to continue once. Every number of the law is told: what is left out, servers fill in from the model's folder. */
export interface TokenRequest {
  /** Under which the server has the adapter. */
  name: string
  prompt: readonly number[]
  temperature: number
  topK: number
  topP: number
  minP: number
  repetitionPenalty: number
  maxNewTokens: number
  eosIds: readonly number[]
  seed: number
}

export interface TokenReply {
  ids: number[]
  logprobs: number[]
  /** What was continued, as far as the server says it. */
  prompt?: number[] | undefined
}

/** Paths stand behind the address of the server without `/v1`. */
export interface TokenProtocol {
  what: string
  /** What a server is started with so that it takes adapters of that rank and says log-probs of the law that it drew by. */
  startedWith(rank: number): string
  path: string
  body(request: TokenRequest): JsonObject
  /** A reply that holds ids and log-probs. */
  reply: v.GenericSchema<unknown, TokenReply>
  load: { path: string; body(name: string, folder: string): JsonObject }
  unload: { path: string; body(name: string): JsonObject }
}

const Id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const adapter = (lora_name: string, lora_path: string): JsonObject => ({ lora_name, lora_path })
const named = (lora_name: string): JsonObject => ({ lora_name })

export const protocols = {
  // docs.vllm.ai: features/lora, serving/online_serving/openai_compatible_server.
  vllm: {
    what: 'vLLM, and hone serve --runtime-adapters',
    startedWith: (rank) =>
      `vllm serve MODEL --enable-lora --max-lora-rank ${rank} --logprobs-mode processed_logprobs, with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`,
    path: 'v1/completions',
    body: ({ name, prompt, maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, eosIds, seed }) => ({
      model: name,
      prompt: [...prompt],
      max_tokens: maxNewTokens,
      temperature,
      top_p: topP,
      top_k: topK === 0 ? -1 : topK,
      min_p: minP,
      repetition_penalty: repetitionPenalty,
      stop_token_ids: [...eosIds],
      seed,
      logprobs: 0,
      return_token_ids: true,
    }),
    reply: v.pipe(
      v.object({
        choices: v.tuple([
          v.object({
            token_ids: v.array(Id),
            prompt_token_ids: v.nullish(v.array(Id)),
            // A completion without a token has none.
            logprobs: v.nullish(v.object({ token_logprobs: v.array(v.number()) }), { token_logprobs: [] }),
          }),
        ]),
      }),
      v.transform(({ choices: [{ token_ids: ids, prompt_token_ids: prompt, logprobs }] }) => ({
        ids,
        logprobs: logprobs?.token_logprobs ?? [],
        prompt: prompt ?? undefined,
      })),
    ),
    load: { path: 'v1/load_lora_adapter', body: adapter },
    unload: { path: 'v1/unload_lora_adapter', body: named },
  },
  // docs.sglang.io: advanced_features/lora, and the native generate endpoint.
  sglang: {
    what: "SGLang's own /generate",
    startedWith: (rank) =>
      `python -m sglang.launch_server --model-path MODEL --enable-lora --max-lora-rank ${rank} --lora-target-modules all`,
    path: 'generate',
    body: ({ name, prompt, maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, eosIds }) => ({
      input_ids: [...prompt],
      sampling_params: {
        max_new_tokens: maxNewTokens,
        temperature,
        top_p: topP,
        top_k: topK === 0 ? -1 : topK,
        min_p: minP,
        repetition_penalty: repetitionPenalty,
        stop_token_ids: [...eosIds],
      },
      return_logprob: true,
      lora_path: name,
    }),
    reply: v.pipe(
      v.object({
        meta_info: v.object({
          // [log-prob, id, text or null] of every token.
          output_token_logprobs: v.array(v.looseTuple([v.number(), Id])),
        }),
      }),
      v.transform(({ meta_info: { output_token_logprobs: tokens } }) => ({
        ids: tokens.map(([, id]) => id),
        logprobs: tokens.map(([logprob]) => logprob),
      })),
    ),
    load: { path: 'load_lora_adapter', body: adapter },
    unload: { path: 'unload_lora_adapter', body: named },
  },
} satisfies Record<string, TokenProtocol>

export type ProtocolName = keyof typeof protocols
