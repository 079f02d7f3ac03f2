// The last completions of each prompt: guesses at what its next ones begin with.
import type { Prompt, Rollout } from './record.ts'

export interface Remembered {
  of(prompt: Prompt): readonly (readonly number[])[] | undefined
  add(step: number, rollouts: readonly Rollout[]): void
}

/** Most tokens remembered; the oldest steps are forgotten first. */
const TOKENS = 2 ** 22

export function remembered(): Remembered {
  const known = new Map<number, { step: number; completions: Int32Array[] }>()
  let held = 0
  const forget = (index: number) => {
    for (const { length } of known.get(index)?.completions ?? []) held -= length
    known.delete(index)
  }
  return {
    of: ({ index }) => known.get(index)?.completions.map((ids) => Array.from(ids)),
    add(step, rollouts) {
      for (const { prompt, completions } of rollouts) {
        forget(prompt.index)
        known.set(prompt.index, { step, completions: completions.map(({ ids }) => Int32Array.from(ids)) })
        held += completions.reduce((sum, { ids }) => sum + ids.length, 0)
      }
      while (held > TOKENS) {
        const oldest = known.values().next().value?.step
        for (const [index, each] of known) if (each.step === oldest) forget(index)
      }
    },
  }
}
