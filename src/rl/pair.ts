// A pair as the engine sees it, and how long it is.
import type { Group } from '../gpu/policy/policy.ts'
import type { Pair } from './record.ts'

/** Both texts on one prompt, which runs once. */
export function groupOf({ prompt, chosen, rejected }: Pair): Group {
  return { prompt, completions: [chosen.ids, rejected.ids] }
}

/** Tokens of the prompt, which is counted once, and of both texts. */
export function tokensOf({ prompt, chosen, rejected }: Pair): number {
  return prompt.length + chosen.ids.length + rejected.ids.length
}
