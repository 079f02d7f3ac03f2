// What a command is followed by: shown at its end, to people alone.
import { isWatched, log } from '../out.ts'
import { paint } from './colour.ts'
import { table } from './table.ts'
import { typed } from './words.ts'

/** The words of a command line after the name of the program, and what it is for. */
export type Step = readonly [words: readonly string[], what: string]

/** Say on a terminal what the user may want to do next; nothing in a pipe, in a script or when quiet. */
export function next(...steps: readonly Step[]): void {
  if (!isWatched() || steps.length === 0) return
  log(paint('bold', 'next:', process.stderr))
  for (const line of table(steps.map(([words, what]) => [`  ${typed(...words)}`, what]))) log(line)
}
