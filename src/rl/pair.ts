// A pair as the engine sees it, and how long it is.
import { withEnd } from '../gpu/policy/batch.ts'
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

/** As TRL counts them, the prompt with each text. */
export const tokensSeen = (pair: Pair): number => tokensOf(pair) + pair.prompt.length

/** The same for a scalar head, whose value at the end of a text stands where a token after it would be predicted. */
export function scoredGroup({ prompt, chosen, rejected }: Pair): Group {
  return { prompt, completions: [chosen.ids, rejected.ids].map(withEnd) }
}
