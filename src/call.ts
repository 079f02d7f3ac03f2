// The table of parsers that read calls out of a model's text: one for scoring, training, evaluation and inference.
import type { Json } from './json.ts'

/** A call of a tool as a model made it or as it is expected. */
export type Call = { name: string; arguments: Json }
