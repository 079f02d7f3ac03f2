// How many rows of each kind a batch of groups has. Letters as in block.ts.

/** Sizes of a batch of groups, padding included. */
export interface BatchSizes {
  /** N */
  groups: number
  /** G; 0 for prompts alone. */
  samples: number
  /** P; 0 for completions alone. */
  prompt: number
  /** R */
  completion: number
}

/** T */
export function rowsOf({ groups, samples, prompt, completion }: BatchSizes): number {
  return groups * prompt + groups * samples * completion
}

/** Added to the score of what a row must not see; −∞ in float16. No row is masked from everything. */
export const MASKED = -1e30

/** The same for what a window has passed. All of a prompt may be: the sum of its weights must still be a number, next to nothing. */
export const PASSED = -1e6
