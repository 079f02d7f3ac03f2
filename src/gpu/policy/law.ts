// The law that tokens are drawn by: what bends the logits, what cuts the distribution, and what ends a completion.
import type { Ranking } from './ranking.ts'

/** From which distribution; 0 or 1 switches a row off as named. */
export interface Law {
  /** 0 = greedy; log-probs are then those at temperature 1. */
  temperature: number
  /** Keep the k most likely tokens; 0 = all. */
  topK?: number
  /** Keep the smallest set whose probability reaches this; 1 = all. */
  topP?: number
  /** Drop tokens below this share of the most likely one; 0 = none. */
  minP?: number
  /** Divide positive (multiply negative) logits of tokens already seen; 1 = off. */
  repetitionPenalty?: number
}

/** A law, and how far it is followed. */
export interface Sampling extends Law {
  maxNewTokens: number
  eosIds: readonly number[]
  /** Asked after every token; true ends the completion (stop strings). */
  stop?: (completion: readonly number[]) => boolean
  /** What may come after so many own tokens: everything else has probability 0, before anything else of the law. */
  mask?: (completion: readonly number[]) => Mask | undefined
  /** What must come after them (where a grammar leaves one way): written in one pass instead of one a token. A wrong guess costs time alone. */
  forced?: (completion: readonly number[]) => readonly number[]
}

/** A set of tokens, one at least, as bits: token id is bit `id % 32` of word `id / 32`, for the whole vocabulary. */
export type Mask = Uint32Array

export const allows = (mask: Mask, id: number): boolean => ((mask[id >>> 5]! >>> (id & 31)) & 1) === 1

/** What logits are divided by. */
export const scaleOf = ({ temperature }: Pick<Law, 'temperature'>): number => (temperature === 0 ? 1 : temperature)

interface Filter {
  isOn(law: Law): boolean
  /** How many tokens stay of the `count` most likely. */
  keep(ranked: Ranking, count: number, law: Law): number
}

/**
 * Each keeps the most likely of what the one before left, renormalised (as transformers and vLLM chain them). Of equally
 * likely tokens the lower id goes first, so that a cut among equals is one and the same everywhere.
 */
const filters: Record<string, Filter> = {
  topK: {
    isOn: ({ topK = 0 }) => topK > 0,
    keep: (_, count, { topK = 0 }) => Math.min(count, topK),
  },
  topP: {
    isOn: ({ topP = 1 }) => topP < 1,
    keep: (ranked, count, { topP = 1 }) => {
      const enough = topP * ranked.mass(count)
      return ranked.first((mass) => mass >= enough) + 1
    },
  },
  minP: {
    isOn: ({ minP = 0 }) => minP > 0,
    keep: (ranked, count, { minP = 0 }) => Math.min(count, ranked.atLeast(minP * ranked.top)),
  },
}

const filtersOn = (law: Law): Filter[] => Object.values(filters).filter(({ isOn }) => isOn(law))

/** What the device makes of logits before tokens are drawn: probabilities of logits over a scale, or nothing. */
export interface Head {
  raw: boolean
  scale: number
}

/** Penalties and masks come before anything else, so they take logits as they are. */
export const headOf = (law: Law & Pick<Sampling, 'mask'>): Head =>
  penalises(law) || law.mask ? { raw: true, scale: 1 } : { raw: false, scale: scaleOf(law) }

/** True where the law drops tokens, whatever their logits. */
export const isFiltered = (law: Law): boolean => filtersOn(law).length > 0

/** True where the law changes logits by what was seen before. */
export const penalises = ({ repetitionPenalty = 1 }: Law): boolean => repetitionPenalty !== 1

/** True where the law's log-probs are not those of the model at its temperature. */
export const cuts = (law: Law): boolean => penalises(law) || isFiltered(law)

/** How many of the most likely tokens the law keeps: 1 at least. */
export function kept(ranked: Ranking, law: Law): number {
  return filtersOn(law).reduce((count, { keep }) => Math.max(1, Math.min(count, keep(ranked, count, law))), ranked.size)
}
