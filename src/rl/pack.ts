// Micro-batches: what goes through the engine together.
import { microBatches, samplesAtOnce } from '../gpu/policy/batch.ts'
import type { Group } from '../gpu/policy/policy.ts'
import type { Rollout, Sampled } from './record.ts'

/** Packs of as many completions each and of at most about `limit` tokens with padding, each item with its ids. */
export function pack<Item>(items: readonly Item[], groupOf: (item: Item) => Group, limit: number) {
  const groups = items.map(groupOf)
  return microBatches(groups, limit).map((batch) => ({
    items: batch.map((i) => items[i]!),
    groups: batch.map((i) => groups[i]!),
  }))
}

/**
 * Completions of one group share their prompt in the engine; those that have another one, or are too many for a pass, are rollouts
 * of their own.
 */
export function byPrompt<C extends Sampled>(rollouts: readonly Rollout<C>[], limit: number): Rollout<C>[] {
  return rollouts
    .flatMap(({ prompt, completions }) => {
      if (completions.every((each) => each.promptIds === undefined)) return [{ prompt, completions }]
      const groups = Map.groupBy(completions, (each) => (each.promptIds ?? prompt.ids).join())
      return [...groups.values()].map((group) => ({
        prompt: { ...prompt, ids: group[0]!.promptIds ?? prompt.ids },
        completions: group,
      }))
    })
    .flatMap(({ prompt, completions }) => {
      const atOnce = samplesAtOnce(idsOf({ prompt, completions }), limit)
      const cuts = Array.from({ length: Math.ceil(completions.length / atOnce) }, (_, i) => i * atOnce)
      return cuts.map((start) => ({ prompt, completions: completions.slice(start, start + atOnce) }))
    })
}

/** A rollout as the engine sees it. */
export function idsOf({ prompt, completions }: Rollout): Group {
  return { prompt: prompt.ids, completions: completions.map(({ ids }) => ids) }
}

/** Let signals and timers be heard between passes of the engine. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
