// The records that pass along the loop: a prompt, what was rolled out of it, and how much each completion counts.
import type { Completion } from '../gpu/policy/policy.ts'
import type { JsonObject } from '../text/json.ts'
import type { Verdict } from '../reward/reward.ts'
import type { HoneRow } from '../dialogue/row.ts'

/** A prompt in token ids, with the row that says what is right. */
export interface Prompt {
  /** Place of the row in the data. */
  index: number
  ids: readonly number[]
  row: HoneRow
  /** The row as it was read, for rewards of users. */
  json: JsonObject
}

/** A named set of held-out prompts. */
export interface PromptSet {
  name: string
  prompts: readonly Prompt[]
}

/** A completion as text and what the reward says of it. */
export interface Judged {
  text: string
  verdict: Verdict
}

/** A prompt and what was made of it, to be judged. */
export interface Completed {
  prompt: Prompt
  completions: readonly Completion[]
}

/** Judges the completions of every group, in order. Never rejects for what a completion says. */
export type Judge = (groups: readonly Completed[], step: number) => Promise<Judged[][]>

/** One prompt and its G completions. */
export interface Rollout extends Completed {
  judged: readonly Judged[]
  /** The reward of each completion, the verdict's score unless rewards are permuted. */
  rewards: readonly number[]
}

/** A rollout with the advantage of each completion; `live` groups are trained on. */
export interface Weighted extends Rollout {
  advantages: readonly number[]
  live: boolean
}
