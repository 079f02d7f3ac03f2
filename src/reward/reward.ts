// What a reward is: one function from a completion and what is right to a score that says why, and never throws.
import type { FormatName } from '../dialogue/call.ts'
import { JsonError, type Json, type JsonObject } from '../text/json.ts'

/** compat: the published code's value for every input. strict: what the paper says. */
export const modes = ['compat', 'strict'] as const
export type Mode = (typeof modes)[number]

/** One completion to be scored. */
export interface Sample {
  /** The model's text; where a prompt stands before it, the original rules for finding the reply apply. */
  completion: string
  /** What is right: calls {name, arguments}, the text that the published code takes (JSON, tagged text), or texts of which any is right. */
  truth: string | readonly Json[]
  /** Training step, for rewards with a schedule; 0 unless given. */
  step?: number | undefined
  /** Model name, where it decides which chat markers are cut. */
  model?: string | undefined
  /** Length of the completion in tokens, where it is known. */
  tokens?: number | undefined
  /** The whole row, for rewards of users. */
  row?: JsonObject | undefined
}

/** A score in the reward's own range; `fault` names the exception where the published code would have crashed (then 0). */
export interface Verdict {
  score: number
  /** The named parts that make up the score; null after a fault. A part that does not apply is null. */
  parts: Record<string, number | null> | null
  fault: string | null
  /** True where the reward has nothing to judge; a combination then leaves it out. */
  notApplicable?: true
  /** Why the score is not the best one, for people; empty where nothing is wrong. */
  reasons: readonly string[]
}

export interface Reward {
  name: string
  what: string
  /** The call format that it reads; of several rewards the first one that reads calls decides. Undefined where none does. */
  format: FormatName | undefined
  score(sample: Sample): Verdict
}

/** A Python exception of the published code, by its class name. */
export class Raised extends Error {
  readonly fault: string
  constructor(fault: string, message: string) {
    super(message)
    this.name = 'Raised'
    this.fault = fault
  }
}

/** The verdict of a reward that could not be computed: 0 and the fault by name. */
export function faulty(error: unknown): Verdict {
  const reason = error instanceof Error ? error.message : String(error)
  const fault =
    error instanceof Raised || error instanceof JsonError ? error.fault : error instanceof Error ? error.name : 'Error'
  return { score: 0, parts: null, fault, reasons: [reason] }
}
