// Judging completions: token ids to text, text to the reward's verdict.
import type { Tokenizer } from '../dialogue/chat.ts'
import { openedThought } from '../dialogue/prompt.ts'
import type { Mode, Sample } from '../reward/reward.ts'
import { isRewardFile, openScorer } from '../reward/scorer.ts'
import type { Judge, Prompt, Sampled } from './record.ts'
import { trainedTokens } from './trained.ts'

/** Enough for a tag that is spelt byte by byte, and white space after it. */
const OPENED_TOKENS = 16

export interface OpenJudge {
  judge: Judge
  /** Ends the processes of a user's reward. */
  close(): void
}

/** A judge by the reward of that name or file. @throws HoneError for a reward that does not exist. */
export function openJudge(spec: string, mode: Mode, tokenizer: Tokenizer): OpenJudge {
  const scorer = openScorer(spec, { mode })
  return {
    close: scorer.close,
    async judge(rollouts, step) {
      const texts = rollouts.map(({ completions }) => completions.map((each) => textOf(each, tokenizer)))
      // Judged is the whole turn, with the thought that the template opened.
      const opened = rollouts.map(({ prompt }) => openedThought(tokenizer.decode(prompt.ids.slice(-OPENED_TOKENS))))
      const samples = rollouts.flatMap(({ prompt, completions }, g) =>
        completions.map((each, i): Sample => ({
          completion: opened[g]! + texts[g]![i]!,
          truth: prompt.row.answer,
          step,
          tokens: trainedTokens(each),
          row: prompt.json,
        })),
      )
      const verdicts = await scorer.score(samples)
      let next = 0
      return texts.map((group) => group.map((text) => ({ text, verdict: verdicts[next++]! })))
    },
  }
}

/** Let a reward of the user's own judge nothing, so that one that does not load is known before any work. @throws HoneError for it. */
export async function tryJudge({ judge }: OpenJudge, spec: string, prompt: Prompt | undefined): Promise<void> {
  if (!prompt || !isRewardFile(spec)) return
  const nothing: Sampled = { ids: [], logprobs: new Float32Array(), trained: [], turns: [], stop: 'completed' }
  await judge([{ prompt, completions: [nothing] }], 0)
}

/** The text of a completion without the token that ended it; other special tokens stay, for the reward to see. */
export function textOf({ ids }: { ids: readonly number[] }, tokenizer: Tokenizer): string {
  return tokenizer.decode(tokenizer.eosIds.includes(ids.at(-1) ?? -1) ? ids.slice(0, -1) : ids)
}

/** A test for stop strings, asked after every token. */
export function stopsAt(
  strings: readonly string[],
  tokenizer: Tokenizer,
): ((ids: readonly number[]) => boolean) | undefined {
  if (strings.length === 0) return undefined
  // A string of n bytes is spelt by at most n tokens; one more may hold its first byte and what stands before it.
  const window = Math.max(...strings.map((text) => Buffer.byteLength(text))) + 1
  return (ids) => {
    const tail = tokenizer.decode(ids.slice(-window))
    return strings.some((text) => tail.includes(text))
  }
}

/** The text up to the first stop string in it. */
export function beforeStop(text: string, strings: readonly string[]): string {
  const found = strings.map((each) => text.indexOf(each)).filter((at) => at >= 0)
  return found.length === 0 ? text : text.slice(0, Math.min(...found))
}
