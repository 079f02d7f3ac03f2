// What runs code for a model, whatever it is made of.

/** What a program came to. */
export interface Ran {
  /** What it printed, in order. */
  output: string
  /** The last line of its traceback, or which limit it ran into; null where it ended well. */
  error: string | null
}

export interface Engine {
  /** A program by itself: nothing is left of it for the next one. @throws ToolFailure where the engine fails, not the program. */
  run(code: string): Promise<Ran>
  close(): void
}

export interface Limits {
  /** Seconds of a program. */
  seconds: number
}

/** Characters that a program may print: one that goes on is ended. */
export const LONGEST_OUTPUT = 65_536
/** Bytes that a program may hold. */
export const MOST_MEMORY = 256 * 2 ** 20

export const TOO_LONG = `the program printed more than ${LONGEST_OUTPUT} characters`
export const tooSlow = (seconds: number): string => `the program took longer than ${seconds} s`

/** The last line of a traceback, which names the error. */
export const lastLine = (traceback: string): string => traceback.trimEnd().split('\n').at(-1) ?? ''
