// Generation as callers see it: slots that are given ids, write, and are extended, forked or released.
import type { Sampling } from './law.ts'
import type { Drawn } from './sample.ts'

/** What a slot wrote at a stretch, from the ids it was given to an end. */
export interface Completion {
  ids: number[]
  /** Log-prob of each id under the distribution it was sampled from. */
  logprobs: Float32Array
  finish: 'eos' | 'stop' | 'length'
}

export interface SlotRequest {
  /** The prompt, one id at least. */
  ids: readonly number[]
  sampling: Sampling
  /**
   * The token at place p of the whole sequence draws `uniform(...key, p − origin)`: it depends on its key and on what stands
   * before it, not on what else runs.
   */
  key: readonly number[]
  /** The end of `ids` unless given; of a longer prompt, the end of the first one for the draws of a slot that was extended. */
  origin?: number
  /** A guess at all that comes (the answer to the same prompt some time before): where it is right, many tokens are one pass. */
  earlier?: readonly number[]
  /** Told of every token as it is written, also of those that come after an extension; a fork does not inherit it. */
  onToken?: OnToken
  /** It asks for so many of the likeliest tokens at most (default 0). */
  alternatives?: number
}

/** A token with its log-prob; `likeliest`, while it is told, gives those that the law would have taken first. */
export type OnToken = (id: number, logprob: number, likeliest: (count: number) => Drawn[]) => void

/** A sequence that grows. It writes from the moment it is submitted or extended until it ends, then it rests. */
export interface Slot {
  /** What stands before the writing at hand; at rest, everything: prompt, own and given tokens. */
  readonly ids: readonly number[]
  /** What it writes, or wrote last. Rejects where it is released before the end. */
  readonly completion: Promise<Completion>
  /** Goes on after the given ids (a tool's result, a hint; none is fine), by another law where one is given. Only at rest. */
  extend(given: readonly number[], sampling?: Sampling): Promise<Completion>
  /** A second slot that stands where this one rests; with the same key it goes on identically. */
  fork(key?: readonly number[]): Slot
  /** Nobody waits for it any more. */
  release(): void
}

export const drafts = ['auto', 'off'] as const
export type Drafts = (typeof drafts)[number]

/** What a session did so far. */
export interface Work {
  passes: number
  /** Tokens that went through the model: given ones, those written before, and guesses. */
  read: number
  /** Tokens written. */
  written: number
  /** Those of them that were written as one graph each. */
  whole: number
  /** Tokens that were guessed and read, and those of them that came. */
  guessed: number
  accepted: number
  /** Share of the arithmetic of all passes that was for nobody: places of lanes that no token or no sequence had. */
  wasted: number
}

export interface SessionOptions {
  /** Tokens whose keys and values are held at once, completions at full length; one sequence always runs. By the model unless given. */
  budget?: number | undefined
  /** Keep what ended, while there is room, for prompts that begin with it (default true); slots at rest are kept so or so. */
  remember?: boolean
  /** Guess tokens where that pays (default), or never: what is written is the same. */
  drafts?: Drafts
  /**
   * Tokens, prompts once for each group, of which what is computed is kept for training on them (`Policy.accumulate`), where
   * there is memory for it and until the next session that asks for it or the next update.
   */
  traced?: number | undefined
}

export interface Session {
  readonly budget: number
  work(): Work
  submit(request: SlotRequest): Slot
  /** Releases every slot. */
  close(): void
}
