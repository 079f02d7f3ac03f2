// What a starter is: files that work as they are, and what to do with them.
import type { Step } from '../../shell/next.ts'

export interface StarterOptions {
  /** Paths in the files begin with it: they are read from where hone is run. */
  folder: string
  python: boolean
}

export interface Starter {
  what: string
  /** File name → content. */
  files(options: StarterOptions): Record<string, string | Uint8Array>
  /** What the files are for; `at` makes a path of a name. */
  next(at: (name: string) => string, options: StarterOptions): Step[]
}

/** Lines of JSON. */
export const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
