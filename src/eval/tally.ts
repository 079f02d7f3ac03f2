// Judged responses counted by category and by kind of error.
import type { Judged } from './benchmark.ts'
import { sum, wilson, type Interval } from './statistics.ts'

export interface Tally {
  category: string
  total: number
  /** Sum of scores. */
  correct: number
  faults: number
  interval: Interval
  /** Wrong responses by error type (`fault` where the checker would have crashed), most frequent first. */
  errors: [type: string, count: number][]
}

/** One tally per category, in order of first appearance. */
export function tallies(judged: readonly Judged[]): Tally[] {
  const groups = Map.groupBy(judged, ({ category }) => category)
  return [...groups].map(([category, members]) => tally(category, members))
}

export function tally(category: string, members: readonly Judged[]): Tally {
  const correct = sum(members.map(({ score }) => score))
  const wrong = members.filter(({ score }) => score < 1)
  const types = Map.groupBy(
    wrong,
    ({ judgement }) => judgement.error_type ?? (judgement.fault ? `fault: ${judgement.fault}` : 'wrong'),
  )
  return {
    category,
    total: members.length,
    correct,
    faults: members.filter(({ judgement }) => judgement.fault !== null).length,
    interval: wilson(correct, members.length),
    errors: [...types].map(([type, list]): [string, number] => [type, list.length]).sort((a, b) => b[1] - a[1]),
  }
}
