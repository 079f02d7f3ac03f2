// Micro-batches: what goes through the engine together.
import { microBatches } from '../gpu/policy/batch.ts'
import type { Group } from '../gpu/policy/policy.ts'
import type { Rollout } from './record.ts'

/** Packs of as many completions each and of at most about `limit` tokens with padding, each item with its ids. */
export function pack<Item>(items: readonly Item[], groupOf: (item: Item) => Group, limit: number) {
  const groups = items.map(groupOf)
  return microBatches(groups, limit).map((batch) => ({
    items: batch.map((i) => items[i]!),
    groups: batch.map((i) => groups[i]!),
  }))
}

/** A rollout as the engine sees it. */
export function idsOf({ prompt, completions }: Rollout): Group {
  return { prompt: prompt.ids, completions: completions.map(({ ids }) => ids) }
}

/** Let signals and timers be heard between passes of the engine. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
