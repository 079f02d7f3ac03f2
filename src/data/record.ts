// One raw row of a data file, before anything is known of its format.
import type { Json } from '../text/json.ts'

/** One raw row: 0-based index, where its text begins, and its value, or what is wrong with the text. */
export interface RawRecord {
  index: number
  line: number
  column: number
  text: string
  value: Json | undefined
  fault?: string
}

/** A piece of text that should be one JSON value. */
export interface Piece {
  line: number
  column: number
  text: string
}
