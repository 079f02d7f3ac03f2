// Every metric of a run as a row: what it is, what it should look like, and what to do when it does not.
import type { Metrics } from './event.ts'
import { detail } from './metrics/detail.ts'
import { health } from './metrics/health.ts'
import { learning } from './metrics/learning.ts'
import type { Band, Row } from './metrics/metric.ts'
import { time } from './metrics/time.ts'

/** What a person asks a run, in the order of asking, and the metrics that answer it. */
export const questions = {
  learning: { title: 'Is it learning?', rows: learning },
  health: { title: 'Is it healthy?', rows: health },
  time: { title: 'Where does the time go?', rows: time },
  detail: { title: 'Everything else', rows: detail },
} satisfies Record<string, { title: string; rows: readonly Row[] }>
export type Question = keyof typeof questions

export interface Metric extends Row {
  question: Question
}

/** In the order in which they are shown. */
export const metrics: readonly Metric[] = Object.entries(questions).flatMap(([question, { rows }]) =>
  rows.map((row) => ({ ...row, question: question as Question })),
)

const exact = new Map(metrics.map((metric) => [metric.name, metric]))
const open = metrics
  .filter(({ name }) => name.includes('*'))
  .map((metric) => {
    const [before, after] = metric.name.split('*') as [string, string]
    return { metric, before, after }
  })

/** The row of a metric, its `*` filled in; undefined for a name that is not in the table, and for an end of an interval. */
export function metricOf(name: string): Metric | undefined {
  if (isBound(name)) return undefined
  const known = exact.get(name)
  if (known) return known
  for (const { metric, before, after } of open)
    if (name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length) {
      const filled = name.slice(before.length, name.length - after.length)
      return { ...metric, name, title: metric.title.replace('*', filled.replaceAll('_', ' ')) }
    }
  return undefined
}

/** What TRL calls a figure of ours, where it has another name for it. */
export const asTrl = (name: string): string => exact.get(name)?.trl ?? name

/** Place of a metric in the table, for sorting; those that are not in it come last. */
export function rankOf(name: string): number {
  const row =
    exact.get(name) ?? open.find(({ before, after }) => name.startsWith(before) && name.endsWith(after))?.metric
  return row ? metrics.indexOf(row) : metrics.length
}

/** The bounds of a band in the metric's own numbers; `first` is the value that it began with. Absent ones are infinite. */
export function boundsOf({ low = -Infinity, high = Infinity, of }: Band, first: number): [low: number, high: number] {
  const scale = of === 'start' ? first : 1
  return [low * scale, high * scale]
}

/** Ends of the interval of a metric, where the event has them. */
export function intervalOf(figures: Metrics, name: string): [low: number, high: number] | undefined {
  const [low, high] = [figures[`${name}/low`], figures[`${name}/high`]]
  return low === undefined || high === undefined ? undefined : [low, high]
}

/** Whether a figure is an end of another one's interval. */
export const isBound = (name: string): boolean => /\/(low|high)$/.test(name)
