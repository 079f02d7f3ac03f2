// What asking is: questions of a benchmark, and someone who answers them.
import type { Response } from '../../eval/benchmark.ts'
import type { JsonObject } from '../../text/json.ts'
import type { Item } from './ask-items.ts'

export interface AskFlags {
  bench: string
  data: string
  model?: string | undefined
  adapter?: string | undefined
  device?: string | undefined
  endpoint?: string | undefined
  'api-model'?: string | undefined
  completions?: string | undefined
  concurrency?: string | undefined
  prompt?: string | undefined
  mode?: string | undefined
  samples?: string | undefined
  temperature?: string | undefined
  'max-new-tokens'?: string | undefined
  seed?: string | undefined
  only?: string | undefined
  limit?: string | undefined
  save?: string | undefined
}

export interface Sampled {
  temperature: number
  maxNewTokens: number
  seed: number
}

/** One row to be asked, once. */
export interface Question extends Item {
  sample: number
}

/** Something that answers. */
export interface Answerer {
  /** For people. */
  source: string
  /** What it is shown for a row, as text: part of the protocol. */
  show(item: Item): string
  /** Answers in order: the fields `response`, `mode` and whatever else the judge needs. */
  answer(questions: readonly Question[]): AsyncIterable<JsonObject>
}

export interface Asking {
  source: string
  /** See protocol.ts. */
  protocol: string
  responses: AsyncIterable<Response>
}
