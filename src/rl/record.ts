// The records that pass along the loop: a prompt, what was rolled out of it, and how much each completion counts.
import type { PolicyState } from '../gpu/policy/policy.ts'
import type { Completion } from '../gpu/policy/session.ts'
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

/** Where a run stands: steps done, and place in the order of prompts or rows. */
export interface Progress {
  step: number
  position: number
}

/** One held-out row and what the model made of it. */
export interface Answer extends Judged {
  set: string
  prompt: Prompt
  completion: Completion
  /** As `hone eval --bench rows` judges it with the same parser. */
  exact: boolean
}

/** Keeps what a run leaves; the loop does not know where. */
export interface Store {
  /** Rollouts of a step with rewards and advantages; `dead` groups were replaced. */
  rollouts(step: number, weighted: readonly Weighted[], dead: readonly Rollout[]): void
  /** Answers of an evaluation after `step` steps. */
  answers(step: number, answers: readonly Answer[]): void
  /** Everything that a later run needs to go on exactly. Returns its path. */
  checkpoint(progress: Progress, policy: PolicyState): string
}

/** A rollout with the advantage of each completion; `live` groups are trained on. */
export interface Weighted extends Rollout {
  advantages: readonly number[]
  live: boolean
}
