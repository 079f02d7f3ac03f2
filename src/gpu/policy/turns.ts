// Turns that begin with the same ids, and what they take.
import type { Turn } from './slot.ts'

/** Turns that share their ids, no more together than fit. */
export function grouped(turns: readonly Turn[], budget: number): Turn[][] {
  const groups: Turn[][] = []
  const open = new Map<string, Turn[]>()
  for (const turn of turns) {
    const key = keyOf(turn)
    let group = open.get(key)
    if (!group || costOf([...group, turn]) > budget) {
      open.set(key, (group = []))
      groups.push(group)
    }
    group.push(turn)
  }
  return groups
}

const keys = new WeakMap<Turn, string>()
function keyOf(turn: Turn): string {
  const key = keys.get(turn) ?? turn.ids.join()
  keys.set(turn, key)
  return key
}

/** Tokens held of turns with the same ids, at full length. */
export function costOf(turns: readonly Turn[]): number {
  const [{ ids }] = turns as [Turn]
  const written = turns.reduce((sum, { sampling }) => sum + sampling.maxNewTokens, 0)
  return ids.length - 1 + written
}
