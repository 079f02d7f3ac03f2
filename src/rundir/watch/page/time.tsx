// Where does the time go? Shares of a step, its length and the pace.
import { duration } from '../../../shell/duration.ts'
import { questions } from '../../metrics.ts'
import { timeOf } from '../reading.ts'
import { Figure, Section } from './figures.tsx'
import { drawn } from './lines.ts'
import { series } from './state.ts'

export function Time() {
  const all = drawn.value.flatMap(({ run, name, colour }) => {
    const spent = series.value[run] && timeOf(series.value[run])
    return spent && spent.steps > 0 ? [{ ...spent, name, colour }] : []
  })
  if (all.length === 0) return null
  return (
    <Section id="time" title={questions.time.title}>
      {all.map(({ name, colour, parts, steps, total }) => (
        <div class="spent" key={name}>
          <p>
            {all.length > 1 && (
              <span class="name">
                <i class="swatch" style={{ background: `var(${colour})` }} />
                {name}
              </span>
            )}
            {steps} {steps === 1 ? 'step' : 'steps'} in {duration(total)}, {(total / steps).toFixed(2)} s each
          </p>
          {parts.length > 0 && (
            <>
              <div class="bar" aria-hidden="true">
                {parts.map(({ title, share }, i) => (
                  <i key={title} class={`part${i}`} style={{ flexGrow: share }} />
                ))}
              </div>
              <ul class="parts">
                {parts.map(({ title, share, seconds }, i) => (
                  <li key={title}>
                    <i class={`swatch part${i}`} />
                    {title} <strong>{(100 * share).toFixed(0)} %</strong> <span>{duration(seconds)}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      ))}
      <div class="charts">
        <Figure name="step_time" height={110} />
        <Figure name="tokens_per_second" height={110} />
      </div>
    </Section>
  )
}
