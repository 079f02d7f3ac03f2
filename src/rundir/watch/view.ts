// What a page shows, as the data that its server and its browser side share.
import type { RunEvent } from '../event.ts'
import type { RunRecord } from '../run.ts'

/** Where completions lie: those that were trained on, and answers to held-out rows. */
export const folders = ['rollouts', 'evals'] as const
export type Folder = (typeof folders)[number]

/** Completions whose tokens are unpacked at once from a page without a server. */
export const CHUNK = 64

/** `stopped` is a run that no process works at and that did not end; `empty` one that has not begun. */
export type RunState = 'empty' | 'running' | 'stopped' | 'done' | 'interrupted'

/** What changes while a run goes on. */
export interface Progress {
  state: RunState
  /** Steps whose completions are kept. */
  kept: Record<Folder, number[]>
}

export interface RunView extends Progress {
  name: string
  record: RunRecord
  events: RunEvent[]
}

/** What is new of a run: its events from the `from`th on are these. */
export interface Change extends Progress {
  run: number
  from: number
  events: RunEvent[]
}

export interface Score {
  /** Percent, with its interval of 95 %. */
  value: number
  low: number
  high: number
}

/** A study: arms by seeds, each with its runs as places among those of the view. */
export interface StudyView {
  arms: { name: string; seeds: { seed: number; runs: number[]; score?: Score | undefined }[] }[]
  bars: { bar: string; value: number; met: boolean }[]
}

export interface View {
  name: string
  /** Asks its server for what it shows; otherwise everything is in the page. */
  live: boolean
  runs: RunView[]
  study?: StudyView | undefined
  /** Steps that the file had no room for. */
  left?: number
}

/** A completion as a list of groups shows it. */
export interface Mark {
  /** Place of its line in the step's file. */
  index: number
  reward: number
  /** Null where it was replaced, or is an answer to a held-out row. */
  advantage: number | null
  right: boolean
  truncated: boolean
  fault: boolean
  /** Own tokens. */
  tokens: number
}

/** The completions of one prompt. */
export interface Group {
  id: string
  /** Of held-out rows. */
  set?: string | undefined
  /** The first letters of what was asked. */
  question: string
  mean: number
  deviation: number
  marks: Mark[]
}

/** An expected call and the nearest one that was made, as text; one of them is absent where a call is missing or too many. */
export interface Difference {
  expected?: string
  given?: string
  /** In what they differ. */
  defects: string[]
}

export interface Spoken {
  role: string
  text: string
  /** Its tokens in the completion, [from, to), where a completion has several turns. */
  from?: number
  to?: number
  /** What an environment gave for the turn. */
  reward?: number | undefined
}

/** A completion as its group's card shows it. */
export interface Completion {
  index: number
  turns: Spoken[]
  score: number
  parts: Record<string, number | null> | null
  reasons: string[]
  fault: string | null
  stop: string
  /** Expected calls beside those that were made, where calls are expected. */
  differences?: Difference[] | undefined
}

/** A group in full. */
export interface Card {
  messages: { role: string; content: string }[]
  tools: { name: string; description: string; parameters: unknown }[]
  /** What is right: calls, as text. */
  expected: string[]
  completions: Completion[]
}

/** A completion token by token. Lists have a value a token; those that were not kept are absent. */
export interface Detail {
  parts: Record<string, number | null> | null
  fault: string | null
  stop: string
  gts?: unknown
  /** 0 for what was given to the model. */
  trained: number[]
  logprobs: (number | null)[]
  entropies?: (number | null)[]
  /** Log-prob less that of the reference: its mean over a completion estimates the KL. */
  kl?: (number | null)[]
  prompt: string
  tokens: string[]
}
