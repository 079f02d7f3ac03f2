// How a chart is drawn: axes, curves, the band as a tint, intervals as whiskers, the pinned step.
import uPlot from 'uplot'
import type { Unit } from '../../metrics/metric.ts'
import { spellTick } from '../reading.ts'
import { rangeOf, smoothed } from './curve.ts'
import { choose, colourOf, hovered, pinned } from './state.ts'

export interface Line {
  name: string
  /** Name of its colour. */
  colour: string
  steps: readonly number[]
  values: readonly number[]
  intervals: readonly ([number, number] | undefined)[]
}

/** What a chart shows now. */
export interface Shown {
  lines: readonly Line[]
  band?: [number, number] | undefined
  /** The steps of all charts: what stands beneath each other is one step. */
  extent: [number, number]
}

/** Points fewer than these are dots, and are not smoothed. */
export const SPARSE = 12

/** Steps, then of every line what it is and what it is smoothed. */
export function tableOf(lines: readonly Line[], weight: number): uPlot.AlignedData {
  const tables = lines.map(({ steps, values }): uPlot.AlignedData => {
    const real = values.map((value) => (Number.isFinite(value) ? value : null))
    const calm = steps.length < SPARSE || weight === 0 ? real : smoothed(values, weight)
    return [[...steps], real, calm.map((value) => (value !== null && Number.isFinite(value) ? value : null))]
  })
  return tables.length === 0 ? [[]] : uPlot.join(tables)
}

/** Options of a chart that shows what `drawn` holds when it is drawn. */
export function optionsOf(
  drawn: { current: Shown },
  { width, height, unit }: { width: number; height: number; unit: Unit },
): uPlot.Options {
  const font = '11px system-ui, sans-serif'
  const axis: uPlot.Axis = {
    stroke: () => colourOf('--soft'),
    font,
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { show: false },
  }
  const { lines } = drawn.current
  return {
    width,
    height,
    padding: [6, 12, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => drawn.current.extent },
      y: {
        range: () => {
          const { lines, band } = drawn.current
          const ends = lines.flatMap(({ intervals }) => intervals.flatMap((each) => each ?? []))
          return rangeOf([...lines.flatMap(({ values }) => values), ...ends], band)
        },
      },
    },
    cursor: {
      sync: { key: 'steps', setSeries: false },
      drag: { x: false, y: false },
      // On what is written out: the value itself, of several runs the smoothed one.
      points: { size: (_, i) => ((i % 2 === 1) === (drawn.current.lines.length === 1) ? 7 : 0) },
      y: false,
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        grid: { show: false },
        space: 60,
        values: (_, ticks) => ticks.map((each) => spellTick(each, 'count')),
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5],
      },
      {
        ...axis,
        size: 46,
        gap: 6,
        space: 28,
        values: (_, ticks) => ticks.map((each) => spellTick(each, unit)),
      },
    ],
    series: [
      {},
      ...lines.flatMap(({ colour, steps, values }): uPlot.Series[] => {
        const dots = steps.length < SPARSE
        const stroke = () => colourOf(colour)
        return [
          {
            stroke,
            width: 1,
            alpha: dots || lines.length > 1 ? 0 : 0.35,
            points: { show: false },
            spanGaps: true,
          },
          {
            stroke,
            width: lines.length > 4 ? 1.5 : 2,
            spanGaps: true,
            points: { show: dots && values.length > 0, size: 6, fill: stroke },
          },
        ]
      }),
    ],
    hooks: {
      drawClear: [(u) => drawBand(u, drawn.current.band)],
      draw: [(u) => drawMarks(u, drawn.current.lines)],
      setCursor: [
        (u) => {
          // The other charts follow; their own steps may be others.
          if (u.over.matches(':hover') && typeof u.cursor.idx === 'number') hovered.value = u.data[0][u.cursor.idx]
        },
      ],
      ready: [
        ({ over }) => {
          over.addEventListener('mouseleave', () => (hovered.value = undefined))
          over.addEventListener('click', () => {
            if (hovered.value !== undefined) choose({ step: hovered.value, open: undefined, page: undefined })
          })
        },
      ],
    },
  }
}

/** The band as a tint, its ends as broken lines. */
function drawBand(u: uPlot, band: [number, number] | undefined): void {
  if (!band) return
  const { left, top, width, height } = u.bbox
  const at = (value: number, end: number) =>
    Number.isFinite(value) ? Math.min(Math.max(u.valToPos(value, 'y', true), top), top + height) : end
  const [lower, upper] = [at(band[0], top + height), at(band[1], top)]
  const { ctx } = u
  ctx.save()
  ctx.fillStyle = colourOf('--band')
  ctx.fillRect(left, upper, width, lower - upper)
  ctx.strokeStyle = colourOf('--bound')
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const end of [lower, upper]) {
    if (end <= top || end >= top + height) continue
    ctx.beginPath()
    ctx.moveTo(left, end)
    ctx.lineTo(left + width, end)
    ctx.stroke()
  }
  ctx.restore()
}

/** Intervals as whiskers, and the pinned step. */
function drawMarks(u: uPlot, lines: readonly Line[]): void {
  const { ctx } = u
  const { top, height, left, width } = u.bbox
  ctx.save()
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.globalAlpha = lines.length > 1 ? 0.35 : 0.6
  for (const { colour, steps, intervals } of lines) {
    ctx.strokeStyle = colourOf(colour)
    intervals.forEach((interval, i) => {
      if (!interval) return
      const x = u.valToPos(steps[i]!, 'x', true)
      const [low, high] = interval.map((each) => u.valToPos(each, 'y', true)) as [number, number]
      ctx.beginPath()
      ctx.moveTo(x, low)
      ctx.lineTo(x, high)
      for (const end of [low, high]) {
        ctx.moveTo(x - 3 * devicePixelRatio, end)
        ctx.lineTo(x + 3 * devicePixelRatio, end)
      }
      ctx.stroke()
    })
  }
  if (pinned.peek() !== undefined) {
    const x = u.valToPos(pinned.peek()!, 'x', true)
    if (x >= left && x <= left + width) {
      ctx.globalAlpha = 1
      ctx.strokeStyle = colourOf('--ink')
      ctx.lineWidth = devicePixelRatio
      ctx.beginPath()
      ctx.moveTo(x, top)
      ctx.lineTo(x, top + height)
      ctx.stroke()
    }
  }
  ctx.restore()
}
