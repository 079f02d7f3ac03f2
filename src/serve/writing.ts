// Answers under way: slots of a session whose tokens become text as they are drawn.
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Drawn } from '../gpu/policy/sample.ts'
import type { Completion, Session } from '../gpu/policy/session.ts'
import { tokenText, untilStop } from './text.ts'

/** What is to be written. Answer i draws by [...key, i]. */
export interface Order {
  prompt: readonly number[]
  samples: number
  key: readonly number[]
  sampling: Omit<Sampling, 'stop'>
  /** Texts that end an answer, which is cut before them. */
  stops: readonly string[]
  /** Likeliest tokens to tell of with each one. */
  alternatives: number
}

/** A token with its log-prob under the law that it was drawn by. */
export interface Token extends Drawn {
  /** The likeliest tokens in its place, so many as were asked for. */
  likeliest: readonly Drawn[]
}

/** One answer: tokens with the one that ended it, text without. */
export interface Written {
  text: string
  tokens: readonly Token[]
  finish: 'stop' | 'length'
}

export interface Writer {
  session: Session
  tokenizer: Tokenizer
}

/** Told of every token with the text that it makes sure, empty where there is none yet; at the end of what was kept back. */
export type OnText = (sample: number, text: string, token?: Token) => void

/**
 * Writes every answer to its end; `onText` hears every one before it is over. An abort gives up what is under way: its slots
 * are free after the token at hand. @throws the signal's reason
 */
export async function write(
  { session, tokenizer }: Writer,
  order: Order,
  signal: AbortSignal,
  onText: OnText = () => {},
): Promise<Written[]> {
  signal.throwIfAborted()
  const begun = Array.from({ length: order.samples }, (_, sample) => begin(sample))
  const release = () => begun.forEach(({ slot }) => slot.release())
  signal.addEventListener('abort', release)
  try {
    return await Promise.all(begun.map(async ({ slot, over }) => over(await slot.completion)))
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', release)
    release()
  }

  function begin(sample: number) {
    const { prompt: ids, sampling, key, stops } = order
    const chars = tokenText(tokenizer)
    const sure = untilStop(stops)
    let text = ''
    const tokens: Token[] = []
    const give = (more: string, token?: Token) => {
      text += more
      if (token) tokens.push(token)
      onText(sample, more, token)
    }
    const slot = session.submit({
      ids,
      key: [...key, sample],
      sampling: { ...sampling, stop: () => sure.found },
      alternatives: order.alternatives,
      onToken(id, logprob, likeliest) {
        const token = { id, logprob, likeliest: order.alternatives > 0 ? likeliest(order.alternatives) : [] }
        give(sampling.eosIds.includes(id) ? '' : sure.push(chars.push(id)), token)
      },
    })
    const over = ({ finish }: Completion): Written => {
      give(sure.push(chars.end()) + sure.end())
      return { text, tokens, finish: finish === 'length' ? 'length' : 'stop' }
    }
    return { slot, over }
  }
}
