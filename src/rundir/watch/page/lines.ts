// Which runs are drawn, and in which colours.
import { computed } from '@preact/signals'
import type { Line } from './draw.ts'
import { address, hidden, runs, series, view } from './state.ts'

/** Name of the colour of the nth curve, or arm (page.css). */
export const colourAt = (n: number): string => `--c${n % COLOURS}`
const COLOURS = 8

export interface Drawn {
  run: number
  name: string
  colour: string
}

/** Of a study its arms have a colour each, and of their stages one is drawn at a time. */
export const stage = computed(() => Number(address.value.get('stage') ?? Infinity))

/** Runs that can be drawn together. */
export const candidates = computed<Drawn[]>(() => {
  const { study } = view
  if (!study) return runs.value.map(({ name }, run) => ({ run, name, colour: colourAt(run) }))
  return study.arms.flatMap(({ name, seeds }, arm) =>
    seeds.flatMap(({ seed, runs: own }) => {
      const run = own[Math.min(stage.value, own.length - 1)]
      return run === undefined ? [] : [{ run, name: `${name} · seed ${seed}`, colour: colourAt(arm) }]
    }),
  )
})

/** Those that the reader did not hide. */
export const drawn = computed(() => candidates.value.filter((_, i) => !hidden.value.has(i)))

/** The curves of a figure. */
export function linesOf(name: string): Line[] {
  return drawn.value.flatMap(({ run, name: title, colour }) => {
    const found = series.value[run]?.get(name)
    return found ? [{ ...found, name: title, colour }] : []
  })
}

/** The first and the last step of the runs that are drawn. */
export const extent = computed((): [number, number] => {
  const steps = drawn.value.flatMap(({ run }) =>
    [...(series.value[run]?.values() ?? [])].flatMap(({ steps }) => [steps[0]!, steps.at(-1)!]),
  )
  const [low, high] = [Math.min(...steps), Math.max(...steps)]
  return low < high ? [low, high] : [low - 1, high + 1]
})
