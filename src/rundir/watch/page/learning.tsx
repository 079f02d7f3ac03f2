// Is it learning? The figure of the steps, that of held-out rows with its interval, and the parts of the reward.
import { questions } from '../../metrics.ts'
import { answering, leading, RECENT, recent, type Series, spell } from '../reading.ts'
import { Figure, Section } from './figures.tsx'
import { drawn } from './lines.ts'
import { series } from './state.ts'

export function Learning() {
  const shown = drawn.value.flatMap(({ run }) => series.value[run] ?? [])
  const leads = shown.map(leading)
  const main = new Set(leads.flatMap(({ trained, held }) => [trained, held].flatMap((each) => each?.name ?? [])))
  const others = new Set(
    shown.flatMap((each) => answering(each, 'learning').map(({ name }) => name)).filter((name) => !main.has(name)),
  )
  const [only] = leads
  const answer = main.size === 0 ? 'No step yet.' : leads.length === 1 && only ? <Answer {...only} /> : undefined
  return (
    <Section id="learning" title={questions.learning.title} answer={answer}>
      <div class="charts large">
        {[...main].map((name) => (
          <Figure key={name} name={name} height={230} banded />
        ))}
      </div>
      <div class="charts">
        {[...others].map((name) => (
          <Figure key={name} name={name} height={110} banded />
        ))}
      </div>
    </Section>
  )
}

function Answer({ trained, held }: ReturnType<typeof leading>) {
  return (
    <p class="lead">
      {trained && <Change series={trained} />}
      {held && <Change series={held} />}
    </p>
  )
}

function Change({ series }: { series: Series }) {
  const { metric, values, intervals } = series
  const interval = intervals.at(-1)
  const [first, last] = [values[0]!, interval ? values.at(-1)! : recent(series)]
  const write = (value: number) => spell(value, metric.unit)
  return (
    <span class="fact">
      <span class="label">{metric.title}</span>
      <strong>{write(last)}</strong>
      <span class="rest">
        {values.length > 1 && `from ${write(first)}`}
        {!interval && values.length > RECENT && ` · mean of the last ${RECENT} steps`}
        {interval && ` · 95 %: ${interval.map(write).join(' to ')}`}
      </span>
    </span>
  )
}
