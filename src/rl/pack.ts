// Micro-batches: which groups go through the engine together.
import { microBatches } from '../gpu/policy/batch.ts'
import type { Group } from '../gpu/policy/policy.ts'

/** Indices of the wanted groups, in packs of equally many completions and of at most about `limit` tokens with padding. */
export function pack(groups: readonly Group[], limit: number, wanted: (index: number) => boolean): number[][] {
  const indices = groups.map((_, index) => index).filter(wanted)
  const some = indices.map((index) => groups[index]!)
  return microBatches(some, limit).map((batch) => batch.map((i) => indices[i]!))
}

/** Let signals and timers be heard between passes of the engine. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
