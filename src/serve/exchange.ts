// One request and its answer, as the endpoints see them.
import type { Send } from './events.ts'
import type { Served } from './served.ts'
import type { OnText, Order, Written } from './writing.ts'

export interface Exchange {
  /** Of this answer, and of things in it. */
  newId(prefix: string): string
  /** Seconds since 1970. */
  created: number
  /** Where a request names none. */
  seed(): number
  /** See `write` in writing.ts; counted, and given up with the request. */
  write(served: Served, order: Order, onText?: OnText): Promise<Written[]>
}

/** A whole answer, or what is sent piece by piece. */
export type Answer = { whole: object } | { stream: (send: Send) => Promise<void> }

export function usageOf(orders: readonly Order[], written: readonly Written[]) {
  const prompt_tokens = orders.reduce((sum, { prompt }) => sum + prompt.length, 0)
  const completion_tokens = written.reduce((sum, { tokens }) => sum + tokens.length, 0)
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}
