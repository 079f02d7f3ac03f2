// What a running job says of itself: one stream of events, of which status line, log, files and pages are sinks.

import * as v from 'valibot'

/** Metrics by name, `figures` in an event; the names are TRL's where it has one. */
const Metrics = v.record(v.string(), v.number())
export type Metrics = v.InferOutput<typeof Metrics>

/** Milliseconds since 1970, and the steps that are done. */
const at = { time: v.number(), step: v.number() }

/** A line of events.ndjson. */
export const StoredEvent = v.variant('type', [
  v.object({ type: v.literal('start'), ...at, steps: v.number(), trainable: v.number(), device: v.string() }),
  v.object({ type: v.literal('step'), ...at, steps: v.number(), figures: Metrics }),
  /** `protocol` names how the rows were asked and read: equal ones compare, with those of `hone eval` too. */
  v.object({ type: v.literal('eval'), ...at, figures: Metrics, protocol: v.exactOptional(v.string()) }),
  v.object({ type: v.literal('checkpoint'), ...at, path: v.string() }),
  /** Something that a person should know; `loud` where it changes what the result means. */
  v.object({ type: v.literal('note'), ...at, text: v.string(), loud: v.exactOptional(v.boolean()) }),
  /** The rest of the run may not be worth having; after one that `stops` the run, an error says the same. */
  v.object({
    type: v.literal('alarm'),
    ...at,
    name: v.string(),
    text: v.string(),
    hint: v.exactOptional(v.string()),
    /** The last that was written while nothing rang. */
    checkpoint: v.exactOptional(v.string()),
    stops: v.exactOptional(v.boolean()),
  }),
  v.object({ type: v.literal('end'), ...at, reason: v.picklist(['done', 'interrupted']) }),
])

export type RunEvent =
  | v.InferOutput<typeof StoredEvent>
  /** What is being done within a step; shown, never stored. */
  | { type: 'phase'; phase: string; done: number; total: number }

export type Sink = (event: RunEvent) => void

/** One sink that hands every event to all. */
export function tee(...sinks: readonly Sink[]): Sink {
  return (event) => sinks.forEach((sink) => sink(event))
}
