// Runs for a terminal: where they stand, and the same three questions that the page opens on.
import { visible } from '../../out.ts'
import { duration } from '../../shell/duration.ts'
import { barLine } from '../bar.ts'
import { type Question, questions } from '../metrics.ts'
import { alarmLine } from '../progress.ts'
import { follower, progressOf } from './follow.ts'
import { plot } from './plot.ts'
import {
  alarmsOf,
  healthOf,
  leading,
  recent,
  type Series,
  seriesOf,
  spell,
  spellBounds,
  standingOf,
  timeOf,
} from './reading.ts'
import type { StudyView } from './view.ts'
import type { Watched } from './watched.ts'

/** Characters of a line where nothing says how wide it may be. */
const WIDTH = 80
/** Of a chart: wider ones say no more. */
const WIDEST = 100

/** Lines of at most `width` characters. */
export function textOf({ runs, study }: Watched, width = WIDTH): string[] {
  const several = runs.length > 1
  const lines = runs.flatMap(({ name, directory }) => {
    const events = follower(directory)()?.events ?? []
    const { state } = progressOf(directory, events)
    const { step, steps, left } = standingOf(events)
    const eta = state === 'running' && left !== undefined ? `  eta ${duration(left)}` : ''
    const alarms = alarmsOf(events).map((event) => `! alarm at ${alarmLine(event)}`)
    const head = `${several ? `${name}  ` : ''}${state}  step ${step}${steps === undefined ? '' : `/${steps}`}${eta}`
    const all = seriesOf(events)
    const body = several ? briefly(all) : [...learning(all, width), ...health(all, width), ...time(all, width)]
    return [head, ...alarms, ...(all.size === 0 ? [] : body), ...(several ? [''] : [])]
  })
  return [...(study ? armLines(study, width) : []), ...lines].flatMap((line) => folded(visible(line), width))
}

const title = (question: Question): string[] => ['', questions[question].title]

function learning(all: ReadonlyMap<string, Series>, width: number): string[] {
  const { trained, held } = leading(all)
  const drawn = trained && width > NARROWEST ? chart(trained, Math.min(WIDEST, width - LABEL), width < 40 ? 4 : 6) : []
  return [...title('learning'), ...(trained ? [change(trained), ...drawn] : []), ...(held ? [change(held)] : [])]
}

/** The curve, and beneath it the steps at its ends. */
function chart({ values, steps }: Series, width: number, height: number): string[] {
  const lines = plot(values, { width, height })
  const [first, last] = [String(steps[0]), String(steps.at(-1))]
  const margin = (lines[0]?.length ?? 0) - width
  if (lines.length === 0 || steps.length < 2) return lines
  return [...lines, ' '.repeat(margin) + first + last.padStart(width - first.length)]
}

/** Characters of the labels beside a chart, and of a line below which there is no room for one. */
const LABEL = 12
const NARROWEST = 24

/** A series from its first value to where it stands. */
function change(series: Series): string {
  const { metric, values, intervals } = series
  const { unit } = metric
  const bounds = intervals.at(-1)
  const last = bounds ? values.at(-1)! : recent(series)
  const within = bounds ? `  [${bounds.map((each) => spell(each, unit)).join(', ')}]` : ''
  return `${metric.title}  ${values.length > 1 ? `${spell(values[0]!, unit)} → ` : ''}${spell(last, unit)}${within}`
}

/** What lies outside of its band comes with what to do. */
function health(all: ReadonlyMap<string, Series>, width: number): string[] {
  const readings = healthOf(all)
  if (readings.length === 0) return []
  const aligned = columns(
    readings.map(({ series: { metric }, value, bounds, side }) => [
      `${side === 'within' ? '✓' : '!'} ${metric.title}`,
      spell(value, metric.unit),
      bounds ? spellBounds(bounds, metric.unit) : '',
    ]),
    width,
  )
  return [
    ...title('health'),
    ...readings.flatMap(({ series: { metric }, side }, i) =>
      side === 'within' || metric.remedy === undefined ? [aligned[i]!] : [aligned[i]!, ...remedy(metric.remedy, width)],
    ),
  ]
}

/** What to do, set in beneath what it is about. */
function remedy(text: string, width: number): string[] {
  return folded(text, width - INDENT).map((line) => ' '.repeat(INDENT) + line)
}
const INDENT = 2

/** Rows whose cells stand beneath each other, where they fit so; else two spaces set them apart. */
function columns(rows: readonly string[][], width: number): string[] {
  const widest = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const whole = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widest[column]!))
      .join('  ')
      .trimEnd(),
  )
  return whole.every(({ length }) => length <= width) ? whole : rows.map((row) => row.filter(Boolean).join('  '))
}

function time(all: ReadonlyMap<string, Series>, width: number): string[] {
  const { parts, steps, total } = timeOf(all)
  if (steps === 0) return []
  const room = Math.max(0, Math.min(40, width - 36))
  const bars = columns(
    parts.map(({ title, share }) => [title, `${(100 * share).toFixed(0)} %`, '█'.repeat(Math.round(share * room))]),
    width,
  )
  const pace = all.get('tokens_per_second')
  const words = `${(total / steps).toFixed(2)} s a step${pace ? `  ${spell(recent(pace), 'tokens/s')}` : ''}`
  return [...title('time'), ...bars, words]
}

/** One of several runs. */
function briefly(all: ReadonlyMap<string, Series>): string[] {
  const { trained, held } = leading(all)
  const outside = healthOf(all).filter(({ side }) => side !== 'within')
  return [
    ...[trained, held].flatMap((each) => (each ? [`  ${change(each)}`] : [])),
    ...outside.map(({ series, value }) => `  ! ${series.metric.title}  ${spell(value, series.metric.unit)}`),
  ]
}

function armLines({ arms, bars }: StudyView, width: number): string[] {
  const rows = arms.map(({ name, seeds }) => {
    const scores = seeds.flatMap(({ score }) => (score ? [score] : []))
    const mean = scores.reduce((sum, { value }) => sum + value, 0) / scores.length
    const each = scores.map(({ value, low, high }) => `${value.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`)
    return [name, scores.length === 0 ? 'no score yet' : `${mean.toFixed(1)} %`, each.join('  ')]
  })
  return [...columns(rows, width), ...bars.map(barLine), '']
}

/** A line as several that fit: broken where two spaces set parts off, else between words, else anywhere. */
function folded(line: string, width: number): string[] {
  if (line.length <= width) return [line]
  const indent = ' '.repeat(Math.min(width >> 2, 4))
  const lines: string[] = []
  let current = ''
  const add = (piece: string, gap: string) => {
    const longer = current.trim() === '' ? current + piece : current + gap + piece
    if (longer.length <= width) return void (current = longer)
    if (current.trim() !== '') lines.push(current)
    current = indent + piece
    while (current.length > width) {
      lines.push(current.slice(0, width))
      current = indent + current.slice(width)
    }
  }
  for (const part of line.split('  ')) {
    if (indent.length + part.length <= width) add(part, '  ')
    else part.split(' ').forEach((word, i) => add(word, i === 0 ? '  ' : ' '))
  }
  return current.trim() === '' ? lines : [...lines, current]
}
