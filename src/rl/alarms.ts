// Alarms: what makes the rest of a run not worth having, as rows over the figures of its steps, each with what to do.
import { mean } from '../eval/statistics.ts'
import type { Metrics } from '../rundir/event.ts'

export interface Alarm {
  name: string
  /** What is the matter. */
  text: string
  hint: string
}

/** A figure over the steps so far; each number is a mean over steps next to each other, so that a single one is no alarm. */
interface Course {
  now: number
  /** Of the first steps. */
  first: number
  /** The highest so far. */
  most: number
}

interface Row {
  name: string
  /** The figure that it looks at. */
  figure: string
  /** What is alarming; undefined where nothing is. */
  find(course: Course): string | undefined
  hint: string
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

export const alarms: readonly Row[] = [
  {
    name: 'divergence',
    figure: 'kl',
    // A nat a token leaves little of what was learnt before.
    find: ({ now }) =>
      now > 1
        ? `the policy has run away from the model that it began as: kl is ${now.toPrecision(3)} a token`
        : undefined,
    hint: 'a lower --learning-rate or a larger --kl-coefficient holds it back',
  },
  {
    name: 'collapse',
    figure: 'entropy',
    find: ({ now, first }) =>
      now < first / 10
        ? `the entropy has collapsed from ${first.toPrecision(2)} to ${now.toPrecision(2)}: completions of a group grow alike`
        : undefined,
    hint: 'raise --clip-high, --entropy-coefficient or --temperature, or lower --learning-rate',
  },
  {
    name: 'format',
    figure: 'rewards/format/mean',
    find: ({ now, most }) =>
      most > 0 && now < most / 2
        ? `the right form is being lost: its part of the reward fell from ${most.toPrecision(2)} to ${now.toPrecision(2)}`
        : undefined,
    hint: 'lower --learning-rate; a longer fine-tuning before (hone sft) or --constrain reply keeps the form',
  },
  {
    name: 'truncation',
    figure: 'completions/clipped_ratio',
    // Completions that were always cut are said to be too short a limit, see silence.ts.
    find: ({ now, first }) =>
      now > 0.5 && now > first + 0.25
        ? `completions grow beyond their limit: ${percent(now)} are cut, ${percent(first)} were at first`
        : undefined,
    hint: 'raise --max-completion-length, set --mask-truncated, or punish length (--reward soft-overlong)',
  },
]

/** Steps whose mean is looked at. */
const WINDOW = 3

export interface Alarms {
  /** The alarms that one more step sets off: each is said once, until it has passed. */
  after(figures: Metrics): Alarm[]
  /** True where none rings. */
  quiet(): boolean
}

/** `past` are the figures of the steps before, where a run goes on. */
export function openAlarms(past: readonly Metrics[] = []): Alarms {
  const ringing = new Set<string>()
  const courses = new Map<string, { values: number[]; first: number; most: number }>()
  const alarms_: Alarms = {
    after(figures) {
      return alarms.flatMap(({ name, figure, find, hint }) => {
        const value = figures[figure]
        if (value === undefined) return []
        const known = courses.get(figure) ?? { values: [], first: value, most: -Infinity }
        const steps = known.values.length
        const values = [...known.values, value].slice(-WINDOW)
        const now = mean(values)
        // Of fewer steps than a window a mean is as chancy as they are.
        const first = steps < WINDOW ? now : known.first
        const most = values.length < WINDOW ? known.most : Math.max(known.most, now)
        courses.set(figure, { values, first, most })
        const text = find({ now, first, most: Math.max(most, 0) })
        const before = ringing.has(name)
        if (text === undefined) ringing.delete(name)
        else ringing.add(name)
        return text === undefined || before ? [] : [{ name, text, hint }]
      })
    },
    quiet: () => ringing.size === 0,
  }
  for (const figures of past) alarms_.after(figures)
  return alarms_
}
