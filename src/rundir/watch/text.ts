// A run for a terminal: where it stands, and its main figures as charts.
import { eventsOf } from './page.ts'
import { evalLine, stepLine } from '../progress.ts'
import { plot } from './plot.ts'

/** Figures of steps that are drawn where the run has them. */
const DRAWN = ['reward', 'loss', 'kl', 'completions/mean_length']

export function textOf(directory: string): string[] {
  const events = eventsOf(directory)
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []))
  const last = steps.at(-1)
  if (!last) return ['no step yet']
  const charts = DRAWN.filter((name) => name in last.figures).flatMap((name) => [
    '',
    name,
    ...plot(steps.map(({ figures }) => figures[name] ?? NaN)),
  ])
  const evals = events.flatMap((event) => (event.type === 'eval' ? [evalLine(event)] : []))
  return [stepLine(last, undefined), ...evals, ...charts]
}
