// Drafts: guesses of the tokens to come, several of which are read in one pass. A guess is taken exactly where plain sampling
// would have drawn it, so that what is written does not depend on it; a wrong one costs time alone.
import type { Turn } from './slot.ts'

export interface Draft {
  /** Tokens that may come next, `most` at most, as many as are worth reading where `writing` sequences share the pass. */
  guess(most: number, writing: number): readonly number[]
  /** The token that came. */
  learn(id: number): void
}

/** How often the next token of a text was right, over about the last ten. */
export interface Trust {
  hits: number
  trials: number
}
/** What the sequences of a session know of each other. */
export type Trusts = Record<'earlier' | 'context', Trust>

/** Before anything is known: the answer to the same prompt is worth more than what stands somewhere in the context. */
export const newTrusts = (): Trusts => ({ earlier: { hits: 8, trials: 10 }, context: { hits: 6, trials: 10 } })

/** Guesses at a time at most. */
const LONGEST = 16
/** Tokens that have to agree before those after them are a guess. */
const [CONTEXT, RESUMED] = [3, 2]
/**
 * Tokens that take as long as what a pass takes whatever their number: weights are read, graphs are run. So a token costs
 * 1/n + 1/20 where n sequences share a pass, and guessing it, right or wrong, 1/20.
 */
const PASS_IN_TOKENS = 20

/** `tokens` is the sequence, and `own` what is written of it in this turn: both grow. */
export function draftOf(
  { ids, origin, earlier, sampling }: Turn,
  { tokens, own }: { tokens: readonly number[]; own: readonly number[] },
  trusts: Trusts,
): Draft {
  const context = follower(tokens, CONTEXT)
  const before = earlier && earlier.length > 0 ? follower(earlier, RESUMED) : undefined
  // The first turn begins where the answer does; a later one where the same words lead on.
  let place = before && (ids.length === origin ? 0 : before.after(tokens))
  const sources = [
    {
      trust: { ...trusts.earlier },
      shared: trusts.earlier,
      next: () => (place === undefined ? [] : earlier!.slice(place, place + LONGEST)),
    },
    {
      trust: { ...trusts.context },
      shared: trusts.context,
      next: () => {
        const at = context.after(tokens)
        return at === undefined ? [] : tokens.slice(at, at + LONGEST)
      },
    },
  ]
  let offered: { first: number; from: (typeof sources)[number] } | undefined
  return {
    guess(most, writing) {
      offered = undefined
      if (most <= 0) return []
      const forced = sampling.forced?.(own)
      if (forced && forced.length > 0) return forced.slice(0, most)
      for (const from of sources) {
        const next = from.next()
        if (next.length === 0) continue
        offered = { first: next[0]!, from }
        return next.slice(0, Math.min(most, worth(from.trust, writing)))
      }
      return []
    },
    learn(id) {
      if (offered) for (const trust of [offered.from.trust, offered.from.shared]) update(trust, offered.first === id)
      offered = undefined
      if (before && place !== undefined && earlier![place] === id) place++
      else place = before?.after(tokens)
    },
  }
}

/** Guesses that are right often enough to be read: the n-th is where all before it are. */
function worth({ hits, trials }: Trust, writing: number): number {
  const least = writing / (writing + PASS_IN_TOKENS)
  const chance = Math.min(0.99, hits / trials)
  return Math.min(LONGEST, Math.floor(Math.log(least) / Math.log(chance)))
}

function update(trust: Trust, hit: boolean): void {
  trust.hits = 0.9 * trust.hits + Number(hit)
  trust.trials = 0.9 * trust.trials + 1
}

/** Where the last `count` tokens of a sequence stood in a text before, the last time: the place after them. */
function follower(text: readonly number[], count: number) {
  const places = new Map<number, number>()
  let known = count
  const keyAt = (tokens: readonly number[], end: number): number => {
    let key = 0
    for (let i = end - count; i < end; i++) key = (Math.imul(key, 0x01000193) + tokens[i]!) | 0
    return key
  }
  return {
    after(tokens: readonly number[]): number | undefined {
      // Of a sequence itself, its end is what is looked for.
      for (; known < text.length; known++) places.set(keyAt(text, known), known)
      const { length } = tokens
      if (length < count) return undefined
      const place = places.get(keyAt(tokens, length))
      if (place === undefined) return undefined
      for (let i = 1; i <= count; i++) if (text[place - i] !== tokens[length - i]) return undefined
      return place
    },
  }
}
