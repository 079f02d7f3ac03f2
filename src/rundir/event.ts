// What a running job says of itself: one stream of events, of which status line, log, files and pages are sinks.

/** Metrics by name, `figures` in an event; the names are TRL's where it has one. */
export type Metrics = Record<string, number>

export type RunEvent =
  | { type: 'start'; time: number; step: number; steps: number; trainable: number; device: string }
  /** What is being done within a step; shown, never stored. */
  | { type: 'phase'; phase: string; done: number; total: number }
  | { type: 'step'; time: number; step: number; steps: number; figures: Metrics }
  /** `protocol` names how the rows were asked and read: equal ones compare, with those of `hone eval` too. */
  | { type: 'eval'; time: number; step: number; figures: Metrics; protocol?: string }
  | { type: 'checkpoint'; time: number; step: number; path: string }
  /** Something that a person should know; `loud` where it changes what the result means. */
  | { type: 'note'; time: number; step: number; text: string; loud?: boolean }
  | { type: 'end'; time: number; step: number; reason: 'done' | 'interrupted' }

export type Sink = (event: RunEvent) => void

/** One sink that hands every event to all. */
export function tee(...sinks: readonly Sink[]): Sink {
  return (event) => sinks.forEach((sink) => sink(event))
}
