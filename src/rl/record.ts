// The records that pass along the loop: a completion of a prompt, to which every stage adds what the next one needs.
import type { PolicyState } from '../gpu/policy/policy.ts'
import type { JsonObject } from '../text/json.ts'
import type { Coefficients } from './control.ts'
import type { Verdict } from '../reward/reward.ts'
import type { HoneRow, Message, Tool } from '../dialogue/row.ts'

/** A text after a prompt: ids, and which of them are the model's own words; what a tool or a user said stands between. */
export interface Written {
  ids: readonly number[]
  trained: readonly Span[]
}

/** A preference: one prompt, and a text of it that is preferred to another. */
export interface Pair {
  /** Place among the pairs that are trained on. */
  index: number
  id: string
  prompt: readonly number[]
  chosen: Written
  rejected: Written
}

/** A prompt in token ids, with the row that says what is right. */
export interface Prompt {
  /** Place of the row in the data. */
  index: number
  ids: readonly number[]
  row: HoneRow
  /** The row as it was read, for rewards of users. */
  json: JsonObject
  /** What is asked and the tools on offer, where they are not those of the row. */
  messages?: readonly Message[]
  tools?: readonly Tool[]
}

/** A named set of held-out prompts. */
export interface PromptSet {
  name: string
  prompts: readonly Prompt[]
}

/** The ids of a completion from one place up to another, [from, to). */
export interface Span {
  from: number
  to: number
}

/** Whose words a stretch of a completion is: the model's own, or what a tool or a user answered. */
export interface Turn extends Span {
  role: 'assistant' | 'tool' | 'user'
  /** What the environment gave for a turn of the model. */
  reward?: number
}

/** What an environment says of a whole episode. */
export interface Outcome {
  /** Sum over the turns; undefined where it gave none: then the recipe's reward judges. */
  reward: number | undefined
  /** Sums over the turns. */
  metrics: Record<string, number>
  /** The first thing that went wrong outside the model. */
  fault: string | null
  /** What was said: the model's turns and what it was given. */
  messages?: readonly Message[]
  /** What the reward judges, where that is not the completion's own last turn. */
  answer?: string
}

/**
 * Why a completion ended: the model ended it or the environment said done (`completed`), a tool asked to end, a limit of the
 * recipe was met, the context was full, what the model wrote could not be read, or it took too long.
 */
export const stops = [
  'completed',
  'tool_stopped',
  'max_turns',
  'max_tokens',
  'max_tool_calls',
  'context_overflow',
  'parse_error',
  'rollout_timeout',
] as const
export type Stop = (typeof stops)[number]

/** A completion as it was sampled: the model's own tokens and, among them, those that it was given. */
export interface Sampled {
  /** What it continues, where that is another prompt than its group's: an agent that asks anew begins a sequence of its own. */
  promptIds?: readonly number[]
  ids: readonly number[]
  /** Of each id under the law it was sampled by; 0 for a given one. */
  logprobs: Float32Array
  /** The model's own tokens, in order; only they are trained on and counted (see trained.ts). */
  trained: readonly Span[]
  /** All ids, in order. */
  turns: readonly Turn[]
  stop: Stop
  /** Where an environment answered. */
  outcome?: Outcome
  /** Where another sampler wrote it: by the weights after so many steps. */
  version?: number
  /** Sequences of the same episode before this one, whose history the chat template has written anew since. */
  rewritten?: readonly Sampled[]
  /** Where it was not begun at its prompt: the sample of the group whose first ids it has, and how many. */
  branch?: Branch
}

export interface Branch {
  from: number
  at: number
}

/** A completion as text, and what a reward says of it. */
export interface Judgement {
  text: string
  verdict: Verdict
}

export interface Scored extends Sampled, Judgement {
  /** The verdict's score, unless rewards are permuted. */
  reward: number
}

/** With what stays fixed while it is learnt from, one number per id. */
export interface Frozen extends Scored {
  /** Log-probs below the ratio. */
  old: ArrayLike<number>
  /** Log-probs of the reference, where the recipe has a KL term. */
  reference: ArrayLike<number> | undefined
  /** What the critic says, where there is one. */
  values?: ArrayLike<number> | undefined
}

export interface Weighted extends Frozen {
  /** Of the completion; their mean where its tokens differ. */
  advantage: number
  /** One per own token, where they differ. */
  advantages?: readonly number[]
  /** What the critic is to say of each own token. */
  returns?: readonly number[]
  /** The share of its group that earns more than nothing. */
  rate?: number
}

/** One prompt and its G completions, which have come as far as C says. */
export interface Rollout<C extends Sampled = Sampled> {
  prompt: Prompt
  completions: readonly C[]
}

/** A rollout whose rewards are known: `live` ones are trained on. */
export interface Judged<C extends Scored = Scored> extends Rollout<C> {
  live: boolean
  /** What the likeliest completion of its prompt earns, where the advantage asks for it. */
  baseline?: number
}

/** Judges the completions of every rollout, in order. Never rejects for what a completion says. */
export type Judge = (rollouts: readonly Rollout[], step: number) => Promise<Judgement[][]>

/** Rollouts that were kept, to be learnt from again. */
export interface Replay {
  /** Steps that it holds, counted from 1. */
  steps: readonly number[]
  /** Those of a step, the replaced ones among them. Steps are asked for in order. */
  take(step: number): Promise<readonly (Rollout<Scored> & Pick<Judged, 'baseline'>)[]>
}

/** Where a run stands: steps done, and place in the order of prompts or rows. */
export interface Progress {
  step: number
  position: number
  /** Tokens of all steps so far. */
  tokens: number
  /** Coefficients that are steered. */
  coefficients?: Coefficients
  /** An evaluation was due after this step and the run was interrupted first. */
  unevaluated?: boolean
}

/** One held-out row and what the model made of it. */
export interface Answer extends Sampled, Judgement {
  set: string
  prompt: Prompt
  /** As `hone eval --bench rows` judges it with the same parser. */
  exact: boolean
}

/** Log-probs of a pair's texts under the reference, each summed over its own tokens. */
export interface PairReference {
  chosen: number
  rejected: number
}

/** Keeps what a run leaves; the loop does not know where. */
export interface Store {
  /** Rollouts of a step with rewards and advantages; `dead` ones were replaced. Entropies are of the ids of those that carry loss. */
  rollouts(
    step: number,
    weighted: readonly Judged<Weighted>[],
    dead: readonly Judged[],
    entropies: ReadonlyMap<Weighted, Float32Array>,
  ): void
  /** What was rolled out of the prompts in a step before, as far as it was kept. */
  rolledOut(step: number, prompts: readonly Prompt[]): Promise<readonly Rollout[]>
  /** Answers of an evaluation after `step` steps. */
  answers(step: number, answers: readonly Answer[]): void
  /** Everything that a later run needs to go on exactly; the one at the path `kept` is not removed for it. Returns its path. */
  checkpoint(progress: Progress, policy: PolicyState, critic?: PolicyState, kept?: string): string
  /** What was kept of exactly these pairs; undefined where nothing was. @throws HoneError for that where it is `needed`. */
  reference(pairs: readonly Pair[], needed: boolean): readonly PairReference[] | undefined
  keepReference(pairs: readonly Pair[], references: readonly PairReference[]): void
}
