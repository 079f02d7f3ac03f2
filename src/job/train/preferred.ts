// Preferences among a run's own completions of a prompt: the one that earned most to the one that earned least, token for token.
import type { Pair, Written } from '../../rl/record.ts'
import { spansOf } from '../../rl/trained.ts'
import { isObject, type Json } from '../../text/json.ts'
import type { RolloutRow } from './replay.ts'

/** Whether a row is a completion that a run has kept. */
export const isRollout = (value: Json): boolean => isObject(value) && value['output_ids'] !== undefined

/** A pair of every group whose scores differ; of completions that earned as much the first one. */
export function preferences(rollouts: readonly RolloutRow[]): Omit<Pair, 'index'>[] {
  // An agent that asks anew begins a sequence on a prompt of its own.
  const groups = Map.groupBy(rollouts, ({ step, id, prompt_ids: prompt }) => JSON.stringify([step, id, prompt]))
  return [...groups.values()].flatMap((group) => {
    const ranked = group.toSorted((a, b) => b.score - a.score || a.sample - b.sample)
    const [best, worst] = [ranked[0]!, ranked.at(-1)!]
    if (best.score <= worst.score) return []
    return [{ id: best.id, prompt: best.prompt_ids, chosen: writtenIn(best), rejected: writtenIn(worst) }]
  })
}

const writtenIn = ({ output_ids: ids, trained }: RolloutRow): Written => ({ ids, trained: spansOf(trained) })
