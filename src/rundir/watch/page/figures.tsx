// A section of the page: a question, the answer in a sentence, and the charts of some figures.
import type { ComponentChildren } from 'preact'
import { describe, standingIn } from '../reading.ts'
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
  const [only, ...others] = lines.map(({ values }) => standingIn(metric, values))
  const [low, high] = (banded && only!.bounds) || []
  // Where nothing is below 0 a line there would say nothing.
  const positive = lines.every(({ values }) => values.every((value) => !(value < 0)))
  const band: [number, number] | undefined =
    low === undefined || high === undefined ? undefined : [low === 0 && positive ? -Infinity : low, high]
  const status = banded && others.length === 0 ? only!.side : undefined
  return <Chart metric={metric} lines={lines} band={band} height={height} status={status} />
}
