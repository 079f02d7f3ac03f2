// What a run says of itself at its end: where the time went, how much memory it took, and what the model now writes.
import { existsSync, readFileSync } from 'node:fs'
import { duration } from '../shell/duration.ts'
import { changesOf, type Evaluation } from './change.ts'
import type { Metrics, RunEvent, Sink } from './event.ts'
import { type RunPaths, stepFile } from './paths.ts'

export interface Summary {
  sink: Sink
  /** Lines for people. */
  lines(paths: RunPaths): string[]
}

/** Collects events; the rest of the step's time is what none of its parts claims. */
export function summary(): Summary {
  const steps: (RunEvent & { type: 'step' })[] = []
  const evals: Evaluation[] = []
  return {
    sink(event) {
      if (event.type === 'step') steps.push(event)
      if (event.type === 'eval') evals.push(event)
    },
    lines({ rollouts }) {
      const last = steps.at(-1)
      if (!last) return []
      return [
        timeLine(steps.map(({ figures }) => figures)),
        `peak memory ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`,
        ...changeLines(evals),
        ...completionLines(stepFile(rollouts, last.step)),
      ]
    },
  }
}

/** Seconds per step, and the shares of the parts that the loop measured. */
function timeLine(figures: readonly Metrics[]): string {
  const sum = (name: string) => figures.reduce((total, each) => total + (each[name] ?? 0), 0)
  const total = sum('step_time')
  const parts = Object.keys(figures[0] ?? {})
    .filter((name) => name.startsWith('time/'))
    .map((name) => `${name.slice('time/'.length)} ${((100 * sum(name)) / total).toFixed(0)} %`)
  const pace = `${figures.length} steps in ${duration(total)}, ${(total / figures.length).toFixed(2)} s each`
  return parts.length > 0 ? `${pace}: ${parts.join(', ')}` : pace
}

/** Of every share that has an interval, what the first and the last evaluation give. */
function changeLines(evals: readonly Evaluation[]): string[] {
  const percent = (value: number) => (100 * value).toFixed(1)
  return changesOf(evals).flatMap(({ name, before, after }) =>
    before === after
      ? []
      : `${name.replaceAll('_', ' ')} ${percent(before.value)} after step ${before.step}, ${percent(after.value)} after step ${after.step}`,
  )
}

/** A few completions of the last step, from as many prompts as there are. */
function completionLines(file: string): string[] {
  if (!existsSync(file)) return []
  const rows = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { reward: number; output: string; sample: number })
    .sort((a, b) => a.sample - b.sample)
  const shown = rows.slice(0, SHOWN).map(({ reward, output }) => `  reward ${reward.toFixed(2)}  ${oneLine(output)}`)
  return ['completions of the last step:', ...shown]
}

const SHOWN = 5
const WIDTH = 400

/** A completion may hold anything: control characters do not reach the terminal. */
function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  return line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line
}
