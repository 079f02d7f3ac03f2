// Log-probs of tokens as the two endpoints tell of them.
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Drawn } from '../gpu/policy/sample.ts'
import { decimalsOf } from '../text/json.ts'
import type { Token } from './writing.ts'

/** What is not asked for is not told. */
export interface TokensAsked {
  logprobs: boolean
  ids: boolean
}

/** As chat has them: of every token written, thinking and calls included. */
export function chatTokens(tokens: readonly Token[], { logprobs, ids }: TokensAsked, tokenizer: Tokenizer) {
  const told = ({ id, logprob }: Drawn) => ({
    token: tokenizer.decode([id]),
    logprob: decimal(logprob),
    bytes: bytesOf(tokenizer, id),
  })
  const content = (logprobs ? tokens : []).map((token) => ({ ...told(token), top_logprobs: token.likeliest.map(told) }))
  return {
    logprobs: logprobs && tokens.length > 0 ? { content, refusal: null } : null,
    ...(ids && { token_ids: tokens.map(({ id }) => id) }),
  }
}

/** As raw completions have them; texts begin at `offset`. */
export function completionTokens(
  tokens: readonly Token[],
  { logprobs, ids }: TokensAsked,
  { decode }: Tokenizer,
  offset = 0,
) {
  const texts = tokens.map(({ id }) => decode([id]))
  const some = tokens.some(({ likeliest }) => likeliest.length > 0)
  const tops = some ? tokens.map(({ likeliest }) => byText(likeliest, decode)) : null
  let end = offset
  const text_offset = texts.map((text) => (end += text.length) - text.length)
  return {
    logprobs:
      logprobs && tokens.length > 0
        ? {
            tokens: texts,
            token_logprobs: tokens.map(({ logprob }) => decimal(logprob)),
            top_logprobs: tops,
            text_offset,
          }
        : null,
    ...(ids && { token_ids: tokens.map(({ id }) => id) }),
  }
}

const known = new WeakMap<Tokenizer, ReadonlyMap<number, Uint8Array>>()

/** What a token stands for, also where that is no whole character; null where its tokenizer knows no bytes. */
function bytesOf(tokenizer: Tokenizer, id: number): number[] | null {
  let bytes = known.get(tokenizer)
  if (!bytes) known.set(tokenizer, (bytes = new Map(tokenizer.pieces?.()?.pieces.map(({ id, bytes }) => [id, bytes]))))
  const found = bytes.get(id)
  return found ? [...found] : null
}

/** Of tokens with one text the likelier counts. */
const byText = (tokens: readonly Drawn[], decode: Tokenizer['decode']) =>
  Object.fromEntries(tokens.toReversed().map(({ id, logprob }) => [decode([id]), decimal(logprob)]))

/** As short as its float32 allows. */
const decimal = (logprob: number): number => decimalsOf(Float32Array.of(logprob))[0]!
