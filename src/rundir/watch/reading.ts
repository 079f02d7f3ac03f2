// What the events of a run say, as page and terminal show it: series of figures, what lies outside its band, where the time went.
import type { RunEvent } from '../event.ts'
import { boundsOf, intervalOf, isBound, type Metric, metricOf, metrics, type Question, rankOf } from '../metrics.ts'
import type { Unit } from '../metrics/metric.ts'
import { keepPace, type Moment, remaining } from '../progress.ts'

/** The values of a figure over the steps. Figures of evaluations are told from those of steps by `eval/`. */
export interface Series {
  name: string
  metric: Metric
  steps: number[]
  values: number[]
  /** Ends of their intervals, where they have them. */
  intervals: ([low: number, high: number] | undefined)[]
}

const HELD = 'eval/'
/** Steps have no such figure. */
const ALWAYS_HELD = 'exact_match'

/** In the order of the table of metrics, those of evaluations behind the same ones of steps. */
export function seriesOf(events: readonly RunEvent[]): Map<string, Series> {
  const all = new Map<string, Series>()
  for (const event of events) {
    if (event.type !== 'step' && event.type !== 'eval') continue
    const prefix = event.type === 'eval' ? HELD : ''
    for (const [figure, value] of Object.entries(event.figures)) {
      if (isBound(figure)) continue
      const name = prefix + figure
      const series = all.get(name) ?? emptySeries(name)
      series.steps.push(event.step)
      series.values.push(value)
      series.intervals.push(intervalOf(event.figures, figure))
      all.set(name, series)
    }
  }
  const rank = (name: string) => rankOf(plain(name)) + (name.startsWith(HELD) ? 0.5 : 0)
  return new Map([...all].sort(([a], [b]) => rank(a) - rank(b)))
}

const plain = (name: string): string => (name.startsWith(HELD) ? name.slice(HELD.length) : name)

function emptySeries(name: string): Series {
  return { name, metric: describe(name), steps: [], values: [], intervals: [] }
}

/** The row of a figure; one that an environment or a reward brought is shown by its name. */
export function describe(name: string): Metric {
  const known = metricOf(plain(name))
  const unknown: Metric = { name, title: name, unit: 'number', question: 'detail', what: '', good: '' }
  if (!known) return unknown
  const held = name.startsWith(HELD) && !known.name.startsWith(ALWAYS_HELD)
  return held ? { ...known, name, title: `${known.title}, held-out` } : { ...known, name }
}

/** What rang in the run. */
export function alarmsOf(events: readonly RunEvent[]): (RunEvent & { type: 'alarm' })[] {
  return events.filter((event) => event.type === 'alarm')
}

/** Series that answer a question. */
export function answering(all: ReadonlyMap<string, Series>, question: Question): Series[] {
  return [...all.values()].filter(({ metric }) => metric.question === question)
}

/** The two series that say most of whether a run learns: one of the steps, one of held-out rows. */
export function leading(all: ReadonlyMap<string, Series>): { trained: Series | undefined; held: Series | undefined } {
  const [held, trained] = [true, false].map((wanted) =>
    answering(all, 'learning').find(({ name, intervals }) =>
      wanted ? name.startsWith(HELD) && intervals.some(Boolean) : !name.startsWith(HELD),
    ),
  )
  return { trained, held }
}

/** Values over which is taken where a series stands now: single steps jump about. */
export const RECENT = 5

/** The mean of the last values. */
export function recent({ values }: { values: readonly number[] }): number {
  const last = values.slice(-RECENT).filter(Number.isFinite)
  return last.reduce((sum, value) => sum + value, 0) / last.length
}

/** Where a figure stands against its band. */
export interface Standing {
  value: number
  /** In the metric's own numbers, infinite where there is none. */
  bounds: [low: number, high: number] | undefined
  side: 'within' | 'below' | 'above'
}

export function standingIn({ band }: Pick<Metric, 'band'>, values: readonly number[]): Standing {
  const value = recent({ values })
  const first = values.find(Number.isFinite)
  // Of multiples of nothing there is no band.
  const bounds = band && first !== undefined && !(band.of && first === 0) ? boundsOf(band, first) : undefined
  if (!bounds) return { value, bounds, side: 'within' }
  return { value, bounds, side: value < bounds[0] ? 'below' : value > bounds[1] ? 'above' : 'within' }
}

export interface Reading extends Standing {
  series: Series
}

/** The series of a run's health. */
export function healthOf(all: ReadonlyMap<string, Series>): Reading[] {
  return answering(all, 'health')
    .filter(({ name }) => !name.startsWith(HELD))
    .map((series) => ({ series, ...standingIn(series.metric, series.values) }))
}

export interface Spent {
  title: string
  seconds: number
  share: number
}

/** Parts of the time of all steps, the rest last; empty where no part was measured. */
export function timeOf(all: ReadonlyMap<string, Series>): { parts: Spent[]; steps: number; total: number } {
  const sum = (name: string) => (all.get(name)?.values ?? []).reduce((total, value) => total + value, 0)
  const total = sum('step_time')
  const parts = metrics
    .filter(({ name }) => name.startsWith('time/') && all.has(name))
    .map(({ name, title }) => ({ title, seconds: sum(name), share: sum(name) / total }))
  const rest = total - parts.reduce((sum, { seconds }) => sum + seconds, 0)
  // What rounding leaves is no part.
  if (parts.length > 0 && rest > 0.005 * total) parts.push({ title: 'Other', seconds: rest, share: rest / total })
  return { parts, steps: all.get('step_time')?.values.length ?? 0, total }
}

/** Steps done, steps in all, and seconds left at the pace of the last ones. */
export function standingOf(events: readonly RunEvent[]): {
  step: number
  steps: number | undefined
  left: number | undefined
} {
  const last = events.findLast((event) => event.type === 'step' || event.type === 'start')
  const times: Moment[] = []
  for (const event of events) keepPace(times, event)
  if (!last) return { step: 0, steps: undefined, left: undefined }
  return { step: last.step, steps: last.steps, left: remaining(times, last.steps) }
}

/** A value as people read it, with its unit. */
export function spell(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–'
  switch (unit) {
    case 'share':
      return `${(100 * value).toFixed(1)} %`
    case 'tokens':
    case 'count':
      return grouped(Math.abs(value) < 100 && !Number.isInteger(value) ? value.toFixed(1) : value.toFixed(0))
    case 'tokens/s':
      return `${grouped(value.toFixed(0))} tok/s`
    case 'seconds':
      return `${value < 10 ? value.toFixed(2) : grouped(value.toFixed(1))} s`
    default:
      return numeral(value)
  }
}

/** A value beside an axis: no more digits than it has, thousands as letters. */
export function spellTick(value: number, unit: Unit): string {
  if (unit === 'share') return `${Number((100 * value).toPrecision(4))} %`
  const size = Math.abs(value)
  if (size > 0 && size < 1e-3) return numeral(value)
  const [scale, letter] = size >= 1e6 ? [1e6, 'M'] : size >= 1e4 ? [1e3, 'k'] : [1, '']
  return minus(`${Number((value / scale).toPrecision(4))}${letter}`)
}

/** Three digits that count. */
function numeral(value: number): string {
  return minus(digitsOf(value))
}

/** With the sign that is as wide as a plus. */
const minus = (number: string): string => number.replace(/^-/, '−')

function digitsOf(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace('e+', 'e')
  if (size >= 1000) return grouped(value.toFixed(0))
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')

/** An interval without units: `58.4 – 67.8`. */
export function spellInterval(interval: readonly [number, number], unit: Unit): string {
  return interval.map((each) => spell(each, unit).replace(' %', '')).join(' – ')
}

/** A band in words: `0 to 0.5`, `at least 0.1`. */
export function spellBounds([low, high]: [number, number], unit: Unit): string {
  if (!Number.isFinite(high)) return `at least ${spell(low, unit)}`
  if (!Number.isFinite(low) || low === 0) return `at most ${spell(high, unit)}`
  return `${spell(low, unit)} to ${spell(high, unit)}`
}
