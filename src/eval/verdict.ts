// What a checker says of one response, in the words of the original checkers.

export interface Verdict {
  verdict: boolean
  /** The original's error_type; null where the response is right and where the original has none. */
  error_type: string | null
  /** The Python exception with which the original would have crashed: the response then counts as wrong. */
  fault: string | null
}

export const RIGHT: Verdict = { verdict: true, error_type: null, fault: null }

export function wrong(error_type: string | null): Verdict {
  return { verdict: false, error_type, fault: null }
}

export function faulty(fault: string): Verdict {
  return { verdict: false, error_type: null, fault }
}
