// Several runs side by side: a row each, with where it stands; a row can be left out of the charts.
import { healthOf, leading, recent, type Series, spell, spellInterval, standingOf } from '../reading.ts'
import { Section } from './figures.tsx'
import { states } from './header.tsx'
import { candidates } from './lines.ts'
import { choose, hidden, runs, series } from './state.ts'

export function Runs() {
  const toggle = (i: number) => {
    const next = new Set(hidden.value)
    next.has(i) ? next.delete(i) : next.add(i)
    choose({ hide: [...next].sort((a, b) => a - b).join() || undefined })
  }
  return (
    <Section id="runs" title="Runs">
      <div class="scroll" role="region" aria-label="runs" tabIndex={0}>
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col">Step</th>
              <th scope="col">Trained on</th>
              <th scope="col">Held-out</th>
              <th scope="col">Outside its band</th>
            </tr>
          </thead>
          <tbody>
            {candidates.value.map(({ run, name, colour }, i) => {
              const { events, state } = runs.value[run]!
              const all = series.value[run]!
              const { trained, held } = leading(all)
              const { step, steps } = standingOf(events)
              const outside = healthOf(all).filter(({ side }) => side !== 'within')
              return (
                <tr key={`${run} ${name}`} class={hidden.value.has(i) ? 'soft' : ''}>
                  <th scope="row">
                    <label>
                      <input
                        type="checkbox"
                        checked={!hidden.value.has(i)}
                        onChange={() => toggle(i)}
                        aria-label={`draw ${name}`}
                      />
                      <i class="swatch" style={{ background: `var(${colour})` }} />
                      {name}
                    </label>
                  </th>
                  <td>{states[state]}</td>
                  <td class="number">
                    {step}
                    {steps !== undefined && `/${steps}`}
                  </td>
                  <td>{trained && <Now series={trained} />}</td>
                  <td>{held && <Now series={held} />}</td>
                  <td>{outside.map(({ series }) => series.metric.title).join(', ')}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

function Now({ series }: { series: Series }) {
  const { metric, values, intervals } = series
  const interval = intervals.at(-1)
  return (
    <>
      {metric.title} <strong>{spell(interval ? values.at(-1)! : recent(series), metric.unit)}</strong>
      {interval && <small> {spellInterval(interval, metric.unit)}</small>}
    </>
  )
}
