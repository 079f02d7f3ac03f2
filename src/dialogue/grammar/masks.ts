// Which tokens may come next: of every place of a grammar the set of tokens whose bytes can be read on from there.
//
// As XGrammar does (Dong et al. 2024): what an automaton allows by itself is walked once and kept, whatever stands below it on
// the stack; only tokens in which it may end are followed further, at the nodes of the tree where it does.
import type { Machine, Place, Thread } from './machine.ts'
import { next, type State } from './regular.ts'
import type { Trie } from './trie.ts'

/** A set of tokens as bits: token id is bit `id % 32` of word `id / 32`. */
export type Mask = Uint32Array

export interface Masks {
  /** The tokens that may come at a place, and those that end the text where it may end. Owned by the cache: not to be changed. */
  at(machine: Machine, place: Place): Mask
}

/** Where a state leads within the tree below a node. */
interface Reach {
  /** Tokens that can be read whole. */
  tokens: Int32Array
  /** The same as bits, where they are many. */
  bits?: Mask
  /** Nodes at which the automaton may end, with more of a token to come. */
  exits: Int32Array
}

/** Masks of so many places are kept, the last ones made. */
const KEPT = 1024

/** `tries` holds the vocabulary, in parts of tokens of like length: fewer places differ to the short ones. */
export function masksOver(tries: readonly Trie[], ends: readonly number[], vocabulary: number): Masks {
  const words = Math.ceil(vocabulary / 32)
  const reaches = new Map(tries.map((trie) => [trie, new WeakMap<State, Map<number, Reach>>()]))
  const clipped = new Map(tries.map((trie) => [trie, new WeakMap<State, State>()]))
  const kept = new Map<Place, Mask>()
  /** The state that each byte of the path led to. */
  const path: State[] = []

  function reach(trie: Trie, from: State, node: number): Reach {
    const state = clipped.get(trie)!.get(from) ?? from.far?.(trie.longest) ?? from
    clipped.get(trie)!.set(from, state)
    const byNode = reaches.get(trie)!.get(state) ?? new Map<number, Reach>()
    reaches.get(trie)!.set(state, byNode)
    const known = byNode.get(node)
    if (known) return known
    const walked = walk(trie, state, node)
    byNode.set(node, walked)
    return walked
  }

  function walk({ byte, depth, end, first, tokens }: Trie, state: State, node: number): Reach {
    const found: number[] = []
    const exits: number[] = []
    const top = depth[node]!
    path[top] = state
    for (let at = node + 1; at < end[node]!;) {
      const to = next(path[depth[at]! - 1]!, byte[at]!)
      if (to === null) {
        at = end[at]!
        continue
      }
      path[depth[at]!] = to
      for (let i = first[at]!; i < first[at + 1]!; i++) found.push(tokens[i]!)
      if (to.accepts && end[at]! > at + 1) exits.push(at)
      at++
    }
    return {
      tokens: Int32Array.from(found),
      exits: Int32Array.from(exits),
      ...(found.length > words && { bits: bitsOf(found) }),
    }
  }

  function bitsOf(tokens: readonly number[]): Mask {
    const bits = new Uint32Array(words)
    for (const id of tokens) add(bits, id)
    return bits
  }

  function fill(mask: Mask, machine: Machine, trie: Trie, { state, rest }: Thread, node: number): void {
    const { tokens, bits, exits } = reach(trie, state, node)
    if (bits) for (let i = 0; i < words; i++) mask[i]! |= bits[i]!
    else for (const id of tokens) add(mask, id)
    if (rest === null || exits.length === 0) return
    const { threads } = machine.open(rest)
    for (const exit of exits) for (const thread of threads) fill(mask, machine, trie, thread, exit)
  }

  function make(machine: Machine, place: Place): Mask {
    const mask = new Uint32Array(words)
    for (const trie of tries) for (const thread of place.threads) fill(mask, machine, trie, thread, 0)
    if (place.ends) for (const id of ends) add(mask, id)
    // A vocabulary that cannot spell what has to come: the text ends here, rather than nowhere.
    if (mask.every((word) => word === 0)) for (const id of ends) add(mask, id)
    return mask
  }

  return {
    at(machine, place) {
      const known = kept.get(place)
      if (known) return known
      const mask = make(machine, place)
      kept.set(place, mask)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!)
      return mask
    },
  }
}

const add = (mask: Mask, id: number): void => {
  mask[id >>> 5]! |= 1 << (id & 31)
}
