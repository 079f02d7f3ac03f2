// A run for a terminal: where it stands, and its main figures as charts.
import { eventsOf } from './page.ts'
import { evalLine, stepLine } from '../progress.ts'
import { plot } from './plot.ts'

/** Metrics of steps that are drawn where the run has them. */
const DRAWN = ['reward', 'loss', 'kl', 'completions/mean_length']

/** Lines of at most `width` characters. */
export function textOf(directory: string, width = 80): string[] {
  const events = eventsOf(directory)
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []))
  const last = steps.at(-1)
  if (!last) return ['no step yet']
  const charts = DRAWN.filter((name) => name in last.figures).flatMap((name) => [
    '',
    name,
    ...plot(
      steps.map(({ figures }) => figures[name] ?? NaN),
      { width: Math.max(8, Math.min(WIDEST, width - LABEL)) },
    ),
  ])
  const evals = events.flatMap((event) => (event.type === 'eval' ? [evalLine(event)] : []))
  return [...[stepLine(last, undefined), ...evals].flatMap((line) => folded(line, width)), ...charts]
}

/** Characters of a chart, and of the labels beside it. */
const WIDEST = 60
const LABEL = 12

/** A line of figures as several that fit, broken where two spaces set them apart. */
function folded(line: string, width: number): string[] {
  const lines: string[] = []
  for (const part of line.split('  ')) {
    const longer = lines.length === 0 ? part : `${lines.at(-1)}  ${part}`
    if (lines.length === 0 || longer.length > width) lines.push(lines.length === 0 ? part : `    ${part}`)
    else lines[lines.length - 1] = longer
  }
  return lines
}
