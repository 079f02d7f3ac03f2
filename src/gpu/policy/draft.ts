// Drafts: guesses of the tokens to come, several of which are read in one pass. A guess is taken exactly where plain sampling
// would have drawn it, so that what is written does not depend on it; a wrong one costs time alone.
import { loadOf, type Loads } from '../device/portions.ts'
import type { Turn } from './slot.ts'

export interface Draft {
  /** Tokens that may come next, `most` at most. */
  guess(most: number): Guess
  /** The token that came. */
  learn(id: number): void
}

export interface Guess {
  ids: readonly number[]
  /** How likely each of them comes where all before it did. */
  chance: number
}

/** How often the next token of a text was right, over about the last ten. */
export interface Trust {
  hits: number
  trials: number
}
/** What the sequences of a session know of each other. */
export type Trusts = Record<'earlier' | 'three' | 'two', Trust>

/** Before anything is known: the answer to the same prompt is worth more than what follows two or three equal tokens somewhere. */
export const newTrusts = (): Trusts => ({
  earlier: { hits: 8, trials: 10 },
  three: { hits: 6, trials: 10 },
  two: { hits: 4, trials: 10 },
})

/** Guesses at a time at most. */
const LONGEST = 16
/** Tokens that have to agree before the answer of before is followed again. */
const RESUMED = 2
/** Nothing is guessed. */
const NONE: Guess = { ids: [], chance: 0 }

/** `tokens` is the sequence, and `own` what is written of it in this turn: both grow. */
export function draftOf(
  { ids, origin, earlier, sampling }: Turn,
  { tokens, own }: { tokens: readonly number[]; own: readonly number[] },
  trusts: Trusts,
): Draft {
  const before = earlier && earlier.length > 0 ? follower(earlier, RESUMED) : undefined
  // The first turn begins where the answer does; a later one where the same words lead on.
  let place = before && (ids.length === origin ? 0 : before.after(tokens))
  const sources = [
    {
      trust: { ...trusts.earlier },
      shared: trusts.earlier,
      next: () => (place === undefined ? [] : earlier!.slice(place, place + LONGEST)),
    },
    ...(
      [
        ['three', 3],
        ['two', 2],
      ] as const
    ).map(([name, count]) => {
      const { after } = follower(tokens, count)
      const next = () => {
        const at = after(tokens)
        return at === undefined ? [] : tokens.slice(at, at + LONGEST)
      }
      return { trust: { ...trusts[name] }, shared: trusts[name], next }
    }),
  ]
  let offered: { first: number; from: (typeof sources)[number] } | undefined
  return {
    guess(most) {
      offered = undefined
      if (most <= 0) return NONE
      const forced = sampling.forced?.(own)
      if (forced && forced.length > 0) return { ids: forced.slice(0, most), chance: 1 }
      for (const from of sources) {
        const ids = from.next()
        if (ids.length === 0) continue
        offered = { first: ids[0]!, from }
        return { ids: ids.slice(0, most), chance: Math.min(0.99, from.trust.hits / from.trust.trials) }
      }
      return NONE
    },
    learn(id) {
      if (offered) for (const trust of [offered.from.trust, offered.from.shared]) update(trust, offered.first === id)
      offered = undefined
      if (before && place !== undefined && earlier![place] === id) place++
      else place = before?.after(tokens)
    },
  }
}

/** What a pass takes beside linear maps, in their unit: at all, and for each sequence that attends to some hundred entries and each of its tokens. */
const [BESIDE, ATTENDING, EACH] = [2, 0.6, 0.2]

/** Of the guesses of sequences that share a pass with `writing` that write, how many of each are to be read: as many as bring most tokens for what the pass takes. */
export function worthwhile(guesses: readonly Guess[], writing: number, loads: Loads): number[] {
  const offers = guesses
    .flatMap(({ ids, chance }, i) => ids.map((_, n) => ({ i, n, chance: chance ** (n + 1) })))
    .sort((a, b) => b.chance - a.chance || a.n - b.n || a.i - b.i)
  // Lanes attend as often as the one with the most guesses does.
  const costWith = (count: number, longest: number) =>
    loadOf(writing + count, loads) + BESIDE + writing * (ATTENDING + EACH * longest)
  let [most, taken] = [writing / costWith(0, 1), 0]
  let [expected, longest] = [writing, 1]
  offers.forEach(({ n, chance }, place) => {
    expected += chance
    longest = Math.max(longest, n + 2)
    const rate = expected / costWith(place + 1, longest)
    if (rate > most) [most, taken] = [rate, place + 1]
  })
  const counts = guesses.map(() => 0)
  for (const { i } of offers.slice(0, taken)) counts[i]!++
  return counts
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
