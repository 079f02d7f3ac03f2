// What a study shows: each arm's score with the interval of every seed, and whether its bars are met.
import { worth } from '../../bar.ts'
import type { StudyView } from '../view.ts'
import { Section } from './figures.tsx'
import { colourAt, stage } from './lines.ts'
import { choose } from './state.ts'

/** Of a row of the drawing, in pixels; a seed more makes it higher. */
const ROW = 20
const SEED = 7
/** Places of the lines behind it. */
const RULES = [0, 0.25, 0.5, 0.75, 1]

export function Study({ study: { arms, bars } }: { study: StudyView }) {
  const scores = arms.flatMap(({ seeds }) => seeds.flatMap(({ score }) => score ?? []))
  const [low, high] = [Math.min(...scores.map((each) => each.low)), Math.max(...scores.map((each) => each.high))]
  const from = scores.length === 0 ? 0 : Math.max(0, Math.floor((low - 3) / 10) * 10)
  const to = scores.length === 0 ? 100 : Math.min(100, Math.ceil((high + 3) / 10) * 10)
  const stages = Math.max(0, ...arms.flatMap(({ seeds }) => seeds.map(({ runs }) => runs.length)))
  const met = bars.filter((each) => each.met).length
  const answer =
    scores.length === 0
      ? 'No model is scored yet.'
      : bars.length > 0
        ? `${met} of ${bars.length} bars are met. Percent of held-out rows right, a dot a seed with its interval of 95 %.`
        : 'Percent of held-out rows right, a dot a seed with its interval of 95 %.'
  return (
    <Section id="study" title="What does the study show?" answer={<p>{answer}</p>}>
      <div class="arms" role="table" aria-label="scores of the arms">
        {arms.map(({ name, seeds }, i) => (
          <Arm key={name} name={name} seeds={seeds} colour={colourAt(i)} from={from} to={to} />
        ))}
        <div role="row" aria-hidden="true">
          <span />
          <span />
          <div class="axis">
            {RULES.map((share) => (
              <span key={share}>{Number((from + share * (to - from)).toFixed(1))} %</span>
            ))}
          </div>
        </div>
      </div>
      {bars.length > 0 && (
        <ul class="bars">
          {bars.map(({ bar, value, met }) => (
            <li key={bar} class={met ? 'met' : 'missed'}>
              <span>{met ? 'met' : 'not met'}</span> <code>{bar}</code> is {worth(value)}
            </li>
          ))}
        </ul>
      )}
      {stages > 1 && (
        <p class="choice" role="group" aria-label="stage that is drawn">
          <span>Curves of stage</span>
          {Array.from({ length: stages }, (_, i) => (
            <button
              key={i}
              type="button"
              aria-pressed={Math.min(stage.value, stages - 1) === i}
              onClick={() => choose({ stage: i })}
            >
              {i + 1}
            </button>
          ))}
        </p>
      )}
    </Section>
  )
}

interface ArmProps {
  name: string
  seeds: StudyView['arms'][number]['seeds']
  colour: string
  from: number
  to: number
}

function Arm({ name, seeds, colour, from, to }: ArmProps) {
  const scored = seeds.flatMap(({ seed, score }) => (score ? [{ seed, ...score }] : []))
  const mean = scored.reduce((sum, { value }) => sum + value, 0) / scored.length
  const height = ROW + SEED * Math.max(1, scored.length)
  const at = (value: number) => `${(100 * (value - from)) / (to - from)}%`
  return (
    <div role="row">
      <span role="rowheader">
        <i class="swatch" style={{ background: `var(${colour})` }} />
        {name}
      </span>
      <strong role="cell">{scored.length === 0 ? '–' : `${mean.toFixed(1)} %`}</strong>
      <div
        role="cell"
        aria-label={scored
          .map(
            ({ seed, value, low, high }) =>
              `seed ${seed}: ${value.toFixed(1)}, ${low.toFixed(1)} to ${high.toFixed(1)}`,
          )
          .join('; ')}
      >
        <svg width="100%" height={height} style={{ color: `var(${colour})` }}>
          {RULES.map((share) => (
            <line key={share} class="rule" x1={`${100 * share}%`} x2={`${100 * share}%`} y1="0" y2={height} />
          ))}
          {scored.map(({ seed, value, low, high }, i) => (
            <g key={seed}>
              <title>{`seed ${seed}: ${value.toFixed(1)} % [${low.toFixed(1)}, ${high.toFixed(1)}]`}</title>
              <line x1={at(low)} x2={at(high)} y1={ROW / 2 + SEED * (i + 0.5)} y2={ROW / 2 + SEED * (i + 0.5)} />
              <circle cx={at(value)} cy={ROW / 2 + SEED * (i + 0.5)} r="3.5" />
            </g>
          ))}
          {scored.length > 1 && <line class="mean" x1={at(mean)} x2={at(mean)} y1="3" y2={height - 3} />}
        </svg>
      </div>
    </div>
  )
}
