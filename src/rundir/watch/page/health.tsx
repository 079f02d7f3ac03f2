// Is it healthy? Figures with the bands in which they should lie; what is outside is told first, with what to do.
import { questions } from '../../metrics.ts'
import { alarmsOf, healthOf, spell, spellBounds } from '../reading.ts'
import { Figure, Section } from './figures.tsx'
import { drawn } from './lines.ts'
import { runs, series } from './state.ts'

export function Health() {
  const all = drawn.value.flatMap(({ run, name }) => {
    const found = series.value[run]
    return found ? healthOf(found).map((reading) => ({ ...reading, run: name })) : []
  })
  const alarms = drawn.value.flatMap(({ run, name }) =>
    alarmsOf(runs.value[run]?.events ?? []).map((event) => ({ ...event, run: name })),
  )
  if (all.length === 0 && alarms.length === 0) return null
  const outside = all.filter(({ side }) => side !== 'within')
  const names = new Set(all.map(({ series }) => series.name))
  return (
    <Section
      id="health"
      title={questions.health.title}
      answer={
        outside.length === 0 && alarms.length === 0 ? (
          <p>Every figure lies within its band.</p>
        ) : (
          <ul class="findings">
            {alarms.map(({ step, text, hint, checkpoint, run }) => (
              <li key={`alarm ${step} ${text} ${run}`}>
                <i class="dot outside" aria-hidden="true" />
                <span>
                  <strong>
                    {drawn.value.length > 1 && `${run}: `}Alarm at step {step}: {text}
                  </strong>
                  . <Remedy text={hint ?? ''} /> {checkpoint && `Last good checkpoint: ${checkpoint}.`}
                </span>
              </li>
            ))}
            {outside.map(({ series: { metric }, value, bounds, side, run }) => (
              <li key={metric.name + run}>
                <i class="dot outside" aria-hidden="true" />
                <span>
                  <strong>
                    {drawn.value.length > 1 && `${run}: `}
                    {metric.title} {spell(value, metric.unit)}
                  </strong>
                  , {side} its band ({spellBounds(bounds!, metric.unit)}). <Remedy text={metric.remedy ?? ''} />
                </span>
              </li>
            ))}
          </ul>
        )
      }
    >
      <div class="charts">
        {[...names].map((name) => (
          <Figure key={name} name={name} height={110} banded />
        ))}
      </div>
    </Section>
  )
}

/** What to do, as a sentence; commands and flags are set as such. */
function Remedy({ text }: { text: string }) {
  const sentence = text && `${text[0]!.toUpperCase()}${text.slice(1)}.`
  const parts = sentence.split(/`([^`]+)`|(--[a-z-]+)/).filter((part) => part !== undefined)
  return <>{parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>
}
