// What answers cost, for bars that ask for less of it: tokens that the model goes through, and whether it has a tool called.
import { mean, sum } from '../../eval/statistics.ts'
import type { Answer } from '../../rl/record.ts'

/** By name, of some answers. */
export const costs: Readonly<Record<string, (answers: readonly Answer[]) => number>> = {
  /** Tokens of an answer, on average: of each call of the model all that stands before its words, and those. */
  tokens: (answers) => mean(answers.map(processed)),
  /** Percent of the answers in which an environment answered a call. */
  called: (answers) => 100 * mean(answers.map(({ outcome }) => Number((outcome?.metrics['tool_calls'] ?? 0) > 0))),
}

const processed = ({ prompt, turns }: Answer): number =>
  sum(turns.flatMap(({ role, to }) => (role === 'assistant' ? [prompt.ids.length + to] : [])))

/** Names of the costs of all answers, and of each of several files: FILE:NAME. */
export const costNames = (files: readonly string[]): string[] =>
  ['', ...files.map((file) => `${file}:`)].flatMap((of) => Object.keys(costs).map((name) => `${of}${name}`))

/** By those names. */
export const costsOf = (answers: readonly Answer[], files: readonly string[]): Record<string, number> => {
  const of = (name: string, some: readonly Answer[]) =>
    Object.entries(costs).map(([cost, measure]) => [`${name}${cost}`, measure(some)] as const)
  const each = files.flatMap((file) =>
    of(
      `${file}:`,
      answers.filter(({ set }) => set === file),
    ),
  )
  return Object.fromEntries([...of('', answers), ...each])
}
