// Asking the rows of a benchmark: which rows, in which prompt form, of a model or an endpoint.
import { HoneError } from '../error.ts'
import type { Response } from '../eval/benchmark.ts'

export interface AskFlags {
  bench: string
  data: string
  model?: string | undefined
  endpoint?: string | undefined
}

export interface Asking {
  /** For people. */
  source: string
  /** Everything that decides what the prompts say. */
  protocol: string
  responses: AsyncIterable<Response>
}

export async function ask(flags: AskFlags): Promise<Asking> {
  throw new HoneError(`Cannot ask the rows of ${flags.bench}: only --responses can be judged`)
}
