// What a call format is: how the calls of a model's turn are read from its text, and written.
import type { CallGrammar } from '../grammar/frame.ts'
import type { Json } from '../../text/json.ts'

/** A call of a tool as a model made it or as it is expected. */
export type Call = { name: string; arguments: Json }

/** What a completion holds. A call is whole or absent: what is cut short or malformed stays in `rest` and is named by `fault`. */
export interface Parsed {
  /** Text between the think tags; null where there are none. */
  think: string | null
  calls: Call[]
  /** What remains when thinking, calls and end-of-turn tokens are taken away, stripped. */
  rest: string
  fault: string | null
}

/** What a model says in one turn. */
export interface Turn {
  /** Text between the think tags; null where there are none. */
  think: string | null
  /** Text beside the calls. */
  text: string
  calls: readonly Call[]
}

export interface ThoughtTags {
  open: string
  close: string
}

export interface CallFormat {
  what: string
  /** What calls begin with, and the marks that set them apart: text is text for sure up to the first of them. */
  opens: readonly string[]
  /** Tags of thinking beside <think>. */
  thought?: ThoughtTags
  /** Never throws, in time linear in the text. */
  parse(text: string): Parsed
  /** The turn as a model of this format writes it: `parse` reads the same back where the format has room for it. */
  write(turn: Turn): string
  /** What its turns are built of, where a model can be held to them. */
  grammar?: CallGrammar
}
