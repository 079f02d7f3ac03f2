// What answers and rollouts cost, for bars that ask for less of it.
import { mean, sum } from '../../eval/statistics.ts'
import type { Answer } from '../../rl/record.ts'
import type { RunEvent } from '../../rundir/event.ts'

/** By name, of some answers. */
export const costs: Readonly<Record<string, (answers: readonly Answer[]) => number>> = {
  /** Tokens of an answer, on average: of each call of the model all that stands before its words, and those. */
  tokens: (answers) => mean(answers.map(processed)),
  /** Percent of the answers in which an environment answered a call. */
  called: (answers) => 100 * mean(answers.map(({ outcome }) => Number((outcome?.metrics['tool_calls'] ?? 0) > 0))),
}

/** By name, of what a run has sampled: sums over its steps of a metric. */
const spent: Readonly<Record<string, string>> = { written: 'rollout/written', answered: 'rollout/answered' }

/** Of a run that sampled nothing, nothing. */
export function spentIn(events: readonly RunEvent[]): Record<string, number> | undefined {
  const steps = events.flatMap((event) => (event.type === 'step' && spent['written']! in event.figures ? [event] : []))
  if (steps.length === 0) return undefined
  const total = (metric: string) => sum(steps.map(({ figures }) => figures[metric] ?? 0))
  return Object.fromEntries(Object.entries(spent).map(([name, metric]) => [name, total(metric)]))
}

const processed = ({ prompt, turns }: Answer): number =>
  sum(turns.flatMap(({ role, to }) => (role === 'assistant' ? [prompt.ids.length + to] : [])))

/** Names of the costs of all answers, of those to each of several files, FILE:NAME, and of rollouts. */
export const costNames = (files: readonly string[]): string[] => [
  ...['', ...files.map((file) => `${file}:`)].flatMap((of) => Object.keys(costs).map((name) => `${of}${name}`)),
  ...Object.keys(spent),
]

/** By the names of answers. */
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
