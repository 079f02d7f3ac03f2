// A chart of one figure over the steps: a curve a run, the band that it should lie in, intervals, the step under the pointer.
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { spell, spellBounds, spellInterval } from '../reading.ts'
import type { Metric } from '../../metrics.ts'
import { nearest } from './curve.ts'
import { type Line, optionsOf, SPARSE, tableOf } from './draw.ts'
import { extent } from './lines.ts'
import { choose, hovered, pinned, scheme, smoothing } from './state.ts'

export interface ChartProps {
  metric: Metric
  lines: readonly Line[]
  band?: [number, number] | undefined
  height: number
  /** Stands beside the title. */
  status?: 'within' | 'below' | 'above' | undefined
}

/** Values written out at once. */
const MOST = 3

export function Chart({ metric, lines, band, height, status }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const shown = { lines, band, extent: extent.value }
  const drawn = useRef(shown)
  drawn.current = shown
  const weight = smoothing.value
  const shape = `${lines.map(({ colour, steps }) => `${colour}${steps.length < SPARSE}`).join()} ${height}`

  useEffect(() => {
    const box = place.current!
    const made = new uPlot(
      optionsOf(drawn, { width: box.clientWidth, height, unit: metric.unit }),
      tableOf(lines, weight),
      box,
    )
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height }))
    watch.observe(box)
    return () => {
      watch.disconnect()
      made.destroy()
    }
  }, [shape])
  useEffect(() => plot.current?.setData(tableOf(lines, weight)), [lines, weight, band?.join(), extent.value.join()])
  useSignalEffect(() => {
    void [scheme.value, pinned.value]
    plot.current?.redraw(false)
  })

  const move = (by: number) => {
    const steps = lines[0]?.steps ?? []
    const now = hovered.value === undefined ? steps.length - 1 : nearest(steps, hovered.value) + by
    const step = steps[Math.min(Math.max(now, 0), steps.length - 1)]
    const made = plot.current
    if (step === undefined || !made) return
    hovered.value = step
    made.setCursor({ left: made.valToPos(step, 'x'), top: made.bbox.height / 2 / devicePixelRatio })
  }
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Enter: () => choose({ step: hovered.value }),
    Escape: () => {
      hovered.value = undefined
      choose({ step: undefined })
    },
  }
  return (
    <figure class={lines.length > 1 ? 'chart several' : 'chart'}>
      <figcaption>
        <span
          class="title"
          title={[metric.what, metric.good && `should be: ${metric.good}`].filter(Boolean).join('; ')}
        >
          {status && status !== 'within' && <i class="dot outside" role="img" aria-label={`${status} its band`} />}
          {metric.title}
        </span>
        <Values metric={metric} lines={lines} />
      </figcaption>
      <div
        ref={place}
        class="plot"
        style={{ height: `${height}px` }}
        role="slider"
        tabIndex={0}
        aria-label={describe(metric, lines, band)}
        aria-valuemin={lines[0]?.steps[0]}
        aria-valuemax={lines[0]?.steps.at(-1)}
        aria-valuenow={hovered.value ?? lines[0]?.steps.at(-1)}
        aria-valuetext={readOut(lines, hovered.value, metric.unit)}
        onKeyDown={(event) => {
          const act = keys[event.key]
          if (!act) return
          event.preventDefault()
          act()
        }}
      />
    </figure>
  )
}

/** What the curves are at a step, in words; at their ends where none is given. */
function readOut(lines: readonly Line[], step: number | undefined, unit: Metric['unit']): string {
  return lines
    .flatMap(({ name, steps, values }) => {
      const i = step === undefined ? steps.length - 1 : nearest(steps, step)
      return i < 0 ? [] : [`${lines.length > 1 ? `${name}, ` : ''}step ${steps[i]}: ${spell(values[i]!, unit)}`]
    })
    .join('; ')
}

/** What the curves are at the step under the pointer, else at their ends. */
function Values({ metric, lines }: Pick<ChartProps, 'metric' | 'lines'>) {
  const step = hovered.value
  const found = lines.flatMap(({ name, colour, steps, values, intervals }) => {
    const i = step === undefined ? steps.length - 1 : nearest(steps, step)
    return i < 0 ? [] : [{ name, colour, step: steps[i]!, value: values[i]!, interval: intervals[i] }]
  })
  // Of many curves nothing is written until one points at them.
  const shown =
    step === undefined && found.length > MOST ? [] : found.toSorted((a, b) => b.value - a.value).slice(0, MOST)
  return (
    <span class="values">
      {step !== undefined && shown[0] && <span class="at">step {shown[0].step}</span>}
      {shown.map(({ name, colour, value, interval }) => (
        <span key={name} title={name}>
          {lines.length > 1 && <i class="swatch" style={{ background: `var(${colour})` }} />}
          {spell(value, metric.unit)}
          {interval && lines.length === 1 && <small> {spellInterval(interval, metric.unit)}</small>}
        </span>
      ))}
      {shown.length > 0 && found.length > MOST && <span class="at">+{found.length - MOST}</span>}
    </span>
  )
}

function describe({ title, unit, good }: Metric, lines: readonly Line[], band: [number, number] | undefined): string {
  const each = lines.map(({ name, steps, values }) => {
    const words = `from ${spell(values[0] ?? NaN, unit)} at step ${steps[0]} to ${spell(values.at(-1) ?? NaN, unit)} at step ${steps.at(-1)}`
    return lines.length > 1 ? `${name}: ${words}` : words
  })
  const healthy = band ? `; should be ${spellBounds(band, unit)}` : good && `; should be: ${good}`
  return `${title}, ${each.join('; ')}${healthy}. Arrow keys read values, Enter pins a step.`
}
