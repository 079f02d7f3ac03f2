// Sequences whose keys and values are held, and how a new one finds the longest beginning that it shares with one of them.
import type { Lanes } from './lanes.ts'

/** Tokens, the first of which are held: those of its parent, then those in its lane. */
export interface Sequence {
  /** All that are known, held or not. */
  tokens: number[]
  lanes: Lanes
  lane: number
  /** A prompt, held as a whole, that several go on from; it is the beginning of the tokens. */
  parent?: Sequence | undefined
}

/** How many of its tokens are in its parent. */
export const startOf = ({ parent }: Pick<Sequence, 'parent'>): number => parent?.tokens.length ?? 0

export const heldOf = (sequence: Sequence): number => startOf(sequence) + sequence.lanes.lengths[sequence.lane]!

/** The longest common beginning with a known sequence. */
export interface Match {
  sequence: Sequence
  /** Tokens in common. */
  length: number
}

/** Tokens compared at a time; less in common is not worth looking for. */
export const BLOCK = 32

export interface Index {
  add(sequence: Sequence): void
  find(tokens: readonly number[]): Match | undefined
}

/** An index of sequences by what each of their first blocks, and all before it, hash to. */
export function sequenceIndex(): Index {
  const known = new Map<number, Sequence>()
  return {
    add(sequence) {
      // The first one with a beginning keeps it: others wait for it or copy from it.
      for (const hash of hashes(sequence.tokens)) if (!known.has(hash)) known.set(hash, sequence)
      const last = [...hashes(sequence.tokens)].at(-1)
      if (last !== undefined && sequence.tokens.length > known.get(last)!.tokens.length) known.set(last, sequence)
    },
    find(tokens) {
      let best: Match | undefined
      for (const hash of hashes(tokens)) {
        const sequence = known.get(hash)
        if (sequence === undefined) break
        if (sequence === best?.sequence) continue
        const length = common(sequence.tokens, tokens)
        if (length > (best?.length ?? 0)) best = { sequence, length }
      }
      return best
    },
  }
}

function* hashes(tokens: readonly number[]): Generator<number> {
  let hash = 0
  for (let i = 0; i < tokens.length; i++) {
    hash = (Math.imul(hash, 0x01000193) ^ tokens[i]!) | 0
    hash ^= hash >>> 15
    if ((i + 1) % BLOCK === 0) yield hash
  }
}

function common(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length++
  return length
}
