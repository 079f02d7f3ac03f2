// What a frame is: how a system writes its calls into running text, where it stops for them, and how results are put back.

/** The tool that a piece of text goes to, as its one argument. */
export interface Target {
  tool: string
  argument: string
}

/** A call that is written between two marks; of several the last one that is whole counts. */
export interface Marked extends Target {
  open: string
  close: string
  /** Within them, the code begins after the last of these marks and ends before the next ```. */
  fence?: string
}

/** Results longer than `over` characters keep their first and last ones. */
export interface Cut {
  over: number
  head: number
  tail: number
}

/** Calls are made while the text is written: it stops for each, the result is put in, and it goes on in the same message. */
export interface CallFrame {
  what: string
  marks: readonly Marked[]
  /** The model's turn ends where it has written one of these. */
  stops: readonly string[]
  /** The text that is put in; {} stands for the result. */
  result: string
  /** What stands for a result that is empty. */
  empty: string
  cut: Cut | null
  /** Calls of an episode unless the settings allow fewer. */
  calls: number | null
  /** What comes after the last of them: the model writes on and stops no more, or the episode ends where it calls again. */
  after: 'write' | 'end'
}

/** All calls are planned at once, in lines; their results come in one message, after which the model answers. */
export interface PlanFrame {
  what: string
  /** What a line of the plan and one of a call begin with; a call's is followed by its number. */
  plan: string
  evidence: string
  /** By the names that plans call them. */
  tools: Readonly<Record<string, Target>>
  /** The result of a call that cannot be made. */
  none: string
  /** The message after the steps of the plan. */
  then: string
}

export type Frame = CallFrame | PlanFrame

export const isPlan = (frame: Frame): frame is PlanFrame => 'plan' in frame
