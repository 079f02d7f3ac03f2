// What a session holds: lanes in use, and sequences at rest, which make room for those that run.
import type { Engine } from './engine.ts'
import { freeLanes, openLanes, type Lanes, type OpenLanes } from './lanes.ts'
import type { Sequence } from './sequence.ts'
import type { Turn } from './slot.ts'

export interface Keep {
  /** New lanes, freed when nobody refers to them. */
  open: OpenLanes
  /** At rest, those that rested longest first. */
  sequences(): Iterable<Sequence>
  /** Keeps what a turn wrote, or a prompt, if anybody may ask for it: true where it does. */
  add(sequence: Sequence, turn: Turn | undefined): boolean
  /** It goes on, so that it rests no more. */
  take(sequence: Sequence): void
  /** It was used: others make room before it does. */
  touch(sequence: Sequence): void
  /** Ended a turn and rests since. */
  ended(sequence: Sequence): boolean
  /** Its keys and values are still there. */
  holds(sequence: Sequence): boolean
  /** True where so many more tokens fit, once what rests has made room. */
  makeRoom(tokens: number): boolean
  /** Frees lanes that nobody refers to. */
  drop(lanes: Lanes): void
  /** Frees all that nobody refers to. */
  sweep(): void
  clear(): void
}

/** `remember`: what ended is kept though its slot was released. `inUse`: lanes of what runs. */
export function keep(engine: Engine, budget: number, remember: boolean, inUse: () => Iterable<Lanes>): Keep {
  const kept = new Map<Sequence, Turn | undefined>()
  const allocated = new Set<Lanes>()
  const isWanted = (turn: Turn | undefined) => remember || (turn !== undefined && !turn.released)
  function drop(lanes: Lanes): void {
    freeLanes(engine, lanes)
    allocated.delete(lanes)
  }
  /** Returns how many tokens the rest may come to hold. */
  function sweep(): number {
    for (const [sequence, turn] of kept) if (!isWanted(turn)) kept.delete(sequence)
    const needed = new Set(inUse())
    for (const { lanes, parent } of kept.keys()) {
      needed.add(lanes)
      if (parent) needed.add(parent.lanes)
    }
    for (const lanes of allocated.difference(needed)) drop(lanes)
    return allocated.values().reduce((sum, { count, most }) => sum + count * most, 0)
  }
  return {
    open(count, most) {
      const lanes = openLanes(engine, count, most)
      allocated.add(lanes)
      return lanes
    },
    sequences: () => kept.keys(),
    add(sequence, turn) {
      if (!isWanted(turn)) return false
      kept.set(sequence, turn)
      return true
    },
    take: (sequence) => void kept.delete(sequence),
    touch(sequence) {
      const turn = kept.get(sequence)
      if (kept.delete(sequence)) kept.set(sequence, turn)
    },
    ended: (sequence) => kept.get(sequence) !== undefined,
    holds: ({ lanes, parent }) => allocated.has(lanes) && (!parent || allocated.has(parent.lanes)),
    makeRoom(tokens) {
      while (sweep() + tokens > budget) {
        const [oldest] = kept.keys()
        if (oldest === undefined) return false
        kept.delete(oldest)
      }
      return true
    },
    drop,
    sweep,
    clear() {
      kept.clear()
      sweep()
    },
  }
}
