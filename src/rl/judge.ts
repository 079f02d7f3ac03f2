// Judging completions: token ids to text, text to the reward's verdict.
import type { Tokenizer } from '../chat.ts'
import type { Completion } from '../gpu/policy.ts'
import type { Mode } from '../reward/reward.ts'
import { resolveReward, scoreCalls } from '../reward/resolve.ts'
import type { Judge } from './record.ts'

/** A judge by the reward of that name. @throws HoneError for a reward that does not exist. */
export function judgeBy(spec: string, mode: Mode, tokenizer: Tokenizer): Judge {
  const reward = resolveReward(spec, { mode })
  return async ({ row, json }, completions, step) =>
    completions.map((completion) => {
      const text = textOf(completion, tokenizer)
      return { text, verdict: scoreCalls(reward, text, row.answer, { step, tokens: completion.ids.length, row: json }) }
    })
}

/** The text of a completion without the token that ended it; other special tokens stay, for the reward to see. */
export function textOf({ ids, finish }: Completion, tokenizer: Tokenizer): string {
  return tokenizer.decode(finish === 'eos' ? ids.slice(0, -1) : ids)
}

/** A test for stop strings, asked after every token. */
export function stopsAt(
  strings: readonly string[],
  tokenizer: Tokenizer,
): ((ids: readonly number[]) => boolean) | undefined {
  if (strings.length === 0) return undefined
  // A string of n characters cannot be spelt by more than n tokens, partial characters aside.
  const window = Math.max(...strings.map((text) => Buffer.byteLength(text))) + 1
  return (ids) => {
    const tail = tokenizer.decode(ids.slice(-window))
    return strings.some((text) => tail.includes(text))
  }
}
