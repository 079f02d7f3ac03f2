// What the page shows now: the runs as they come, and what the reader chose, which stands behind the # of the address.
import { computed, effect, signal } from '@preact/signals'
import type { RunEvent } from '../../event.ts'
import { type Series, seriesOf } from '../reading.ts'
import type { Change, Folder, RunView, View } from '../view.ts'

export const view = JSON.parse(document.querySelector('#view')!.textContent!) as View

export const runs = signal<readonly RunView[]>(view.runs)

/** Series by name, run by run; made anew only of runs that went on. */
export const series = computed(() =>
  runs.value.map(({ events }) => {
    const all = known.get(events) ?? seriesOf(events)
    known.set(events, all)
    return all
  }),
)
const known = new WeakMap<readonly RunEvent[], ReadonlyMap<string, Series>>()

/** Take what is new of a run; the others stay what they are. */
export function take({ run, from, events, state, kept }: Change): void {
  held.value = isReading() ? step.peek() : undefined
  runs.value = runs.value.map((each, i) =>
    i === run ? { ...each, events: [...each.events.slice(0, from), ...events], state, kept } : each,
  )
}

export const address = signal(new URLSearchParams(location.hash.slice(1)))

/** Choose; undefined goes back to what holds unless chosen. */
export function choose(changes: Record<string, string | number | undefined>): void {
  const next = new URLSearchParams(address.value)
  for (const [key, value] of Object.entries(changes))
    value === undefined || value === '' ? next.delete(key) : next.set(key, String(value))
  address.value = next
  history.replaceState(undefined, '', `#${next}`)
}

const chosen = (key: string) => computed(() => address.value.get(key) ?? undefined)

/** The run whose completions are shown. */
const asked = chosen('run')
export const run = computed(() => Math.min(Number(asked.value) || 0, Math.max(0, runs.value.length - 1)))

const askedFolder = chosen('in')
export const folder = computed<Folder>(() => {
  const kept = runs.value[run.value]?.kept
  if (askedFolder.value === 'evals' || askedFolder.value === 'rollouts') return askedFolder.value
  return kept && kept.rollouts.length === 0 && kept.evals.length > 0 ? 'evals' : 'rollouts'
})

/** Steps whose completions can be shown. */
export const steps = computed(() => runs.value[run.value]?.kept[folder.value] ?? [])

/** The step that was the newest when the reader came to its completions: it stays while they are read. */
export const held = signal<number | undefined>(undefined)
const isReading = () => (document.querySelector('#groups')?.getBoundingClientRect().top ?? Infinity) < innerHeight / 2

const askedStep = chosen('step')
/** The step that the reader pinned; charts mark it. */
export const pinned = computed(() => (askedStep.value === undefined ? undefined : Number(askedStep.value)))
/** The step whose completions are shown: the kept one nearest to the pinned or held one, else the newest. */
export const step = computed(() => {
  const all = steps.value
  const wanted = pinned.value ?? held.value
  if (wanted === undefined) return all.at(-1)
  return all.reduce<number | undefined>(
    (best, each) => (best === undefined || Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best),
    undefined,
  )
})

/** The step under the pointer, over any chart. */
export const hovered = signal<number | undefined>(undefined)

/** Weight of what went before in a smoothed curve. */
const askedSmoothing = chosen('smooth')
export const smoothing = computed(() => Math.min(0.95, Math.max(0, Number(askedSmoothing.value ?? 0.5) || 0)))

/** Runs that are left out of the charts. */
const askedHidden = chosen('hide')
export const hidden = computed(() => new Set(askedHidden.value?.split(',').map(Number)))

const colours = new Map<string, string>()

/** Light, dark, or as the system has it. */
export const theme = chosen('theme')
/** Changes with the colours, so that what was drawn in them is drawn again. */
export const scheme = signal(0)
const repaint = () => {
  colours.clear()
  scheme.value = scheme.peek() + 1
}
effect(() => {
  document.documentElement.style.colorScheme = theme.value ?? 'light dark'
  repaint()
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint)

/** A colour of the page as a canvas takes it: with its scheme chosen. */
export function colourOf(name: string): string {
  const known = colours.get(name)
  if (known) return known
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = `var(${name})`
  const { color } = getComputedStyle(probe)
  probe.remove()
  colours.set(name, color)
  return color
}
