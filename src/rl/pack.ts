// Micro-batches: which groups go through the engine together.
import type { Group } from '../gpu/policy.ts'

/** Indices of the wanted groups, packed in order so that each pack has at most `limit` tokens, or one group. */
export function pack(groups: readonly Group[], limit: number, wanted: (index: number) => boolean): number[][] {
  const packs: number[][] = []
  let room = 0
  for (const [index, { prompt, completions }] of groups.entries()) {
    if (!wanted(index)) continue
    const tokens = completions.reduce((sum, ids) => sum + ids.length, prompt.length)
    if (tokens > room || packs.length === 0) {
      packs.push([])
      room = limit
    }
    packs.at(-1)!.push(index)
    room -= tokens
  }
  return packs
}

/** Let signals and timers be heard between passes of the engine. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
