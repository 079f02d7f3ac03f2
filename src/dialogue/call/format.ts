// What a call format is: calls, and how a text that holds them is read.
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

export interface Parser {
  what: string
  /** Never throws, in time linear in the text. */
  parse(text: string): Parsed
}
