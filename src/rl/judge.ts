// Judging completions: token ids to text, text to the reward's verdict.
import type { Tokenizer } from '../dialogue/chat.ts'
import { openedThought } from '../dialogue/prompt.ts'
import type { Mode, Sample, Verdict } from '../reward/reward.ts'
import { isOwnReward, openScorer, rewardFormat } from '../reward/scorer.ts'
import type { JsonObject } from '../text/json.ts'
import type { Judge, Outcome, Prompt, Sampled } from './record.ts'
import { cutShort, lastTurn, trainedTokens } from './trained.ts'

/** Enough for a tag that is spelt byte by byte, and white space after it. */
const OPENED_TOKENS = 16

/** The thought that the text before a turn opened, from the ids before it. */
export function openedBefore(before: readonly number[], tokenizer: Tokenizer): string {
  return openedThought(tokenizer.decode(before.slice(-OPENED_TOKENS)))
}

export interface OpenJudge {
  judge: Judge
  /** Ends the processes of a user's reward. */
  close(): void
}

/** A judge by the reward of that name or file. @throws HoneError for a reward that does not exist. */
export function openJudge(spec: string, mode: Mode, tokenizer: Tokenizer): OpenJudge {
  const scorer = openScorer(spec, { mode })
  const readsCalls = rewardFormat(spec) !== undefined
  return {
    close: scorer.close,
    async judge(rollouts, step) {
      const all = rollouts.flatMap(({ prompt, completions }) => completions.map((each) => ({ prompt, each })))
      const asked = all.filter(({ each }) => each.outcome?.reward === undefined)
      const verdicts = await scorer.score(asked.map(({ prompt, each }) => sampleOf(prompt, each, step, tokenizer)))
      let [place, next] = [0, 0]
      return rollouts.map(({ completions }) =>
        completions.map((each) => {
          const { prompt } = all[place]!
          const verdict = all[place++]!.each === asked[next]?.each ? verdicts[next++] : undefined
          const judged = verdict && readsCalls ? unfinished(verdict, prompt, each) : verdict
          return { text: textOf(each, tokenizer), verdict: withOutcome(judged, each.outcome) }
        }),
      )
    },
  }
}

/** Where no call is right, an episode that was cut short has not earned what is given for none. */
function unfinished(verdict: Verdict, { row, json }: Prompt, each: Sampled): Verdict {
  const cut = cutShort(each)
  if (cut === undefined || row.answer.length > 0 || textTruth(json) !== undefined) return verdict
  return { ...verdict, score: Math.min(0, verdict.score), reasons: [...verdict.reasons, `cut short: ${cut}`] }
}

/** Judged is the last turn of the model, whole: with the thought that the template opened. */
function sampleOf({ ids, row, json }: Prompt, each: Sampled, step: number, tokenizer: Tokenizer): Sample {
  const { answer } = each.outcome ?? {}
  const { from, to } = lastTurn(each)
  const { promptIds = ids } = each
  const before = from === 0 ? promptIds : [...promptIds.slice(-OPENED_TOKENS), ...each.ids.slice(0, from)]
  const opened = openedBefore(before, tokenizer)
  return {
    completion: answer ?? opened + textOf({ ids: each.ids.slice(from, to) }, tokenizer),
    truth: textTruth(json) ?? row.answer,
    step,
    tokens: trainedTokens(each),
    row: json,
  }
}

/** Where what is right is text, as `score` reads it. */
export function textTruth(json: JsonObject): string | string[] | undefined {
  const truth = json['ground_truth']
  if (typeof truth === 'string') return truth
  return Array.isArray(truth) && truth.every((each) => typeof each === 'string') ? truth : undefined
}

/** The fault of a completion whose environment, tool or agent failed; what happened is the last of its reasons. */
export const ENVIRONMENT_FAULT = 'EnvironmentError'

/** What an environment said of the episode beside what the reward says of its end; its own reward goes before. */
function withOutcome(verdict: Verdict | undefined, outcome: Outcome | undefined): Verdict {
  if (!outcome) return verdict!
  const { reward, metrics, fault } = outcome
  const given: Verdict = verdict ?? { score: reward ?? 0, parts: {}, fault: null, reasons: [] }
  return {
    ...given,
    parts: given.parts && { ...given.parts, ...metrics },
    fault: given.fault ?? (fault === null ? null : ENVIRONMENT_FAULT),
    reasons: fault === null ? given.reasons : [...given.reasons, fault],
  }
}

/** Let a reward of the user's own judge nothing, so that one that cannot be loaded is known before any work. @throws HoneError for it. */
export async function tryJudge({ judge }: OpenJudge, spec: string, prompt: Prompt | undefined): Promise<void> {
  if (!prompt || !isOwnReward(spec)) return
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
