// A section of the page: a question, the answer in a sentence, and the charts of some figures.
import type { ComponentChildren } from 'preact'
import { boundsOf } from '../../metrics.ts'
import { describe, readingOf } from '../reading.ts'
import { Chart } from './chart.tsx'
import { linesOf } from './lines.ts'

export function Section({
  id,
  title,
  answer,
  children,
}: {
  id: string
  title: string
  answer?: ComponentChildren
  children?: ComponentChildren
}) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {answer && <div class="answer">{answer}</div>}
      {children}
    </section>
  )
}

/** The chart of a figure of the runs that are drawn. */
export function Figure({ name, height, banded = false }: { name: string; height: number; banded?: boolean }) {
  const metric = describe(name)
  const lines = linesOf(name)
  if (lines.length === 0) return null
  const [first] = lines
  const band =
    banded && metric.band && first ? boundsOf(metric.band, first.values.find(Number.isFinite) ?? NaN) : undefined
  // Nothing is below 0: a line there would say nothing.
  const drawn: [number, number] | undefined = band && [band[0] === 0 ? -Infinity : band[0], band[1]]
  const finite = drawn?.some(Number.isNaN) ? undefined : drawn
  const only =
    lines.length === 1 && banded
      ? readingOf({
          metric,
          ...first!,
          intervals: [...first!.intervals],
          steps: [...first!.steps],
          values: [...first!.values],
        })
      : undefined
  return <Chart metric={metric} lines={lines} band={finite} height={height} status={only?.side} />
}
