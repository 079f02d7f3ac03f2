// What a person sees of a run: a status line with the time left on a terminal, plain lines elsewhere.
import { duration } from '../shell/duration.ts'
import type { RunEvent, Sink } from './event.ts'

export interface Screen {
  terminal: boolean
  /** Milliseconds of any clock, to redraw not more than ten times a second. */
  now(): number
  /** A line that stays. */
  log(line: string): void
  /** A line that a person must see, however quiet the program was asked to be. */
  complain(line: string): void
  /** The line that is redrawn; on a terminal only. */
  status(line: string): void
}

/** Metrics on the step line, in this order, where the event has them. */
const columns: Record<string, (value: number) => string> = {
  reward: (value) => `reward ${value.toFixed(3)}`,
  loss: (value) => `loss ${value.toFixed(4)}`,
  kl: (value) => `kl ${value.toFixed(4)}`,
  'rewards/accuracies': (value) => `right ${(100 * value).toFixed(0)}%`,
  'rewards/margins': (value) => `margin ${value.toFixed(3)}`,
  accuracy: (value) => `right ${(100 * value).toFixed(0)}%`,
  margin: (value) => `margin ${value.toFixed(3)}`,
  'completions/mean_length': (value) => `len ${value.toFixed(0)}`,
  frac_reward_zero_std: (value) => `zero-var ${(100 * value).toFixed(0)}%`,
  tokens_per_second: (value) => `tok/s ${Math.round(value).toLocaleString('en').replaceAll(',', ' ')}`,
}

/** A sink that shows steps, evaluations, notes and checkpoints on `screen`. */
export function progress(screen: Screen): Sink {
  const times: Moment[] = []
  let last = ''
  let drawn = -Infinity
  return (event) => {
    keepPace(times, event)
    switch (event.type) {
      case 'start':
        return
      case 'phase':
        if (screen.now() - drawn < REDRAW) return
        drawn = screen.now()
        return screen.status(`${last}${last && '  '}${event.phase} ${event.done}/${event.total}`)
      case 'step': {
        last = stepLine(event, remaining(times, event.steps))
        return screen.terminal ? screen.status(last) : screen.log(last)
      }
      case 'eval':
        return screen.log(evalLine(event))
      case 'note':
        return event.loud ? screen.complain(`warning: ${event.text}`) : screen.log(event.text)
      case 'alarm':
        // The error that stops a run is printed as every other.
        return event.stops ? undefined : screen.complain(`alarm: ${alarmLine(event)}`)
      case 'checkpoint':
      case 'end':
        return
    }
  }
}

/** Milliseconds between two drawings of a phase. */
const REDRAW = 100

/** Steps over which the pace is taken. */
const WINDOW = 20

export function stepLine({ step, steps, figures }: RunEvent & { type: 'step' }, eta: number | undefined): string {
  const shown = Object.entries(columns).flatMap(([name, show]) =>
    figures[name] === undefined ? [] : show(figures[name]),
  )
  // What is cut off at the edge of a terminal is not what one looks for.
  return [`step ${step}/${steps}`, ...(eta === undefined ? [] : [`eta ${duration(eta)}`]), ...shown].join('  ')
}

/** What is the matter, what to do, and where it was not so yet. */
export function alarmLine({ step, text, hint, checkpoint }: RunEvent & { type: 'alarm' }): string {
  const last = checkpoint === undefined ? 'no checkpoint is older' : `last good checkpoint: ${checkpoint}`
  return [`step ${step}: ${text}`, ...(hint === undefined ? [] : [`to try: ${hint}`]), last].join('; ')
}

/** Shares that have an interval, with it, as percentages. */
export function evalLine({ step, figures }: RunEvent & { type: 'eval' }): string {
  const shown = Object.entries(figures).flatMap(([name, value]) => {
    const [low, high] = [figures[`${name}/low`], figures[`${name}/high`]]
    return low === undefined || high === undefined
      ? []
      : [`${name} ${percent(value)} [${percent(low)}, ${percent(high)}]`]
  })
  return `eval at step ${step}  ${shown.join('  ')}`
}

const percent = (share: number): string => (100 * share).toFixed(1)

export interface Moment {
  step: number
  time: number
}

/** Keep in `times` the moments between which the pace is taken: the evaluation before the first step is no part of it. */
export function keepPace(times: Moment[], event: RunEvent): void {
  if (event.type === 'start') times.splice(0, times.length, event)
  if (event.type === 'eval' && times.length === 1) times[0] = event
  if (event.type === 'step') times.push(event)
  if (times.length > WINDOW) times.shift()
}

/** Seconds left, at the pace of the steps in `times`. */
export function remaining(times: readonly Moment[], steps: number): number | undefined {
  const [first, last] = [times[0], times.at(-1)]
  if (!first || !last || last.step === first.step) return undefined
  return ((last.time - first.time) / 1000 / (last.step - first.step)) * (steps - last.step)
}
