// Log-probs of tokens as the two endpoints tell of them.
import type { Tokenizer } from '../dialogue/chat.ts'
import { decimalsOf } from '../text/json.ts'
import type { Token } from './writing.ts'

/** What is not asked for is not told. */
export interface TokensAsked {
  logprobs: boolean
  ids: boolean
}

/** As chat has them: of every token written, thinking and calls included. */
export function chatTokens(tokens: readonly Token[], { logprobs, ids }: TokensAsked, { decode }: Tokenizer) {
  const values = valuesOf(tokens)
  const content = tokens.map(({ id }, i) => {
    const token = decode([id])
    // A token that is no whole character has no text of its own.
    const bytes = token.includes('\ufffd') ? null : [...Buffer.from(token)]
    return { token, logprob: values[i]!, bytes, top_logprobs: [] }
  })
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
  let end = offset
  const text_offset = texts.map((text) => (end += text.length) - text.length)
  return {
    logprobs:
      logprobs && tokens.length > 0
        ? { tokens: texts, token_logprobs: valuesOf(tokens), top_logprobs: null, text_offset }
        : null,
    ...(ids && { token_ids: tokens.map(({ id }) => id) }),
  }
}

const valuesOf = (tokens: readonly Token[]): number[] => decimalsOf(Float32Array.from(tokens, ({ logprob }) => logprob))
