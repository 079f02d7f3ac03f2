// What a metric's row says.

/** What a number counts; it decides how it is written. */
export type Unit = 'share' | 'nats' | 'tokens' | 'seconds' | 'tokens/s' | 'count' | 'number'

/** Where a metric should lie, bounds included; those of `start` are multiples of its first value. */
export interface Band {
  low?: number
  high?: number
  of?: 'start'
}

export interface Row {
  /** As events.ndjson has it; `*` stands for any name, of a part or a set. */
  name: string
  /** TRL's name for the same number, where it has one. */
  trl?: string
  title: string
  unit: Unit
  /** What is counted, over what. */
  what: string
  /** What it looks like in a run that goes well. */
  good: string
  band?: Band
  /** What to do when it does not look like that. */
  remedy?: string
}

/** A name that TRL has for the same number. */
export const asInTrl = (name: string) => ({ name, trl: name })
