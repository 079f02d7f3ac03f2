// Where does the time go? Shares of a step, its length and the pace.
import { Fragment } from 'preact'
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
  const several = all.length > 1
  const longest = all.reduce((best, each) => (each.parts.length > best.parts.length ? each : best))
  return (
    <Section id="time" title={questions.time.title}>
      <div class={`spent ${several ? 'several' : ''}`}>
        {all.map(({ name, colour, parts, steps, total }) => (
          <Fragment key={name}>
            {several && (
              <span class="name">
                <i class="swatch" style={{ background: `var(${colour})` }} />
                {name}
              </span>
            )}
            {(several || parts.length > 0) && (
              <div
                class="bar"
                role="img"
                aria-label={parts.map(({ title, share }) => `${title} ${percent(share)}`).join(', ')}
              >
                {parts.map(({ title, share }, i) => (
                  <i key={title} class={`part${i}`} style={{ flexGrow: share }} />
                ))}
              </div>
            )}
            <span>
              {steps} {steps === 1 ? 'step' : 'steps'} in {duration(total)}, {(total / steps).toFixed(2)} s each
            </span>
          </Fragment>
        ))}
      </div>
      <ul class="parts">
        {longest.parts.map(({ title, share, seconds }, i) => (
          <li key={title}>
            <i class={`swatch part${i}`} />
            {title}
            {!several && (
              <>
                {' '}
                <strong>{percent(share)}</strong> {duration(seconds)}
              </>
            )}
          </li>
        ))}
      </ul>
      <div class="charts">
        <Figure name="step_time" height={110} />
        <Figure name="tokens_per_second" height={110} />
      </div>
    </Section>
  )
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`
