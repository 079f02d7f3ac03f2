// What a study says at its end: means and seeds with intervals, differences from one arm, and which bars are met.
import { mean, pairedDifference, signTest, sum } from '../../eval/statistics.ts'
import type { JudgedBar } from '../../rundir/bar.ts'
import type { Bar, Measured } from './bar.ts'
import type { ArmResult } from './run.ts'

export interface StudyReport {
  arms: { name: string; seeds: SeedReport[]; mean: number }[]
  bars: JudgedBar[]
}

export interface SeedReport {
  seed: number
  value: number
  low: number
  high: number
  /** Percent by part, where there is more than one. */
  parts?: Record<string, number>
  /** What environments counted, and what answers cost. */
  figures: Record<string, number>
}

/** Points are percent, means are over seeds. A bar is judged where its arms were run. */
export function reportOf(results: readonly ArmResult[], bars: readonly Bar[]): StudyReport {
  const arms = results.map(({ name, seeds }) => ({
    name,
    seeds: seeds.map(({ seed, value, low, high, parts, figures }) => ({
      seed,
      value,
      low,
      high,
      ...(Object.keys(parts).length > 1 && { parts }),
      figures,
    })),
    mean: mean(seeds.map(({ value }) => value)),
  }))
  const bySeed = ({ arm, part }: Measured) =>
    results
      .find(({ name }) => name === arm)
      ?.seeds.map(({ value, parts, figures }) => (part === undefined ? value : (parts[part] ?? figures[part] ?? NaN)))
  const judged = bars.flatMap((bar) => {
    const { of, beside } = bar
    const first = bySeed(of)
    const second = beside === undefined ? [] : bySeed(beside.than)
    if (first === undefined || second === undefined) return []
    const values = first.map((value, i) => beside?.value(value, second[i]!) ?? value)
    return [{ bar: bar.text, ...bar.judge(values) }]
  })
  return { arms, bars: judged }
}

/** Rows of a table for people, with a column for each of several parts; with the arm `base` rows are paired, seeds taken together. */
export function armRows(results: readonly ArmResult[], { arms }: StudyReport, base: string): string[][] {
  const first = results.find(({ name }) => name === base)
  const seeds = arms[0]?.seeds.map(({ seed }) => `seed ${seed}`) ?? []
  const partsOf = ({ seeds }: ArmResult) => Object.keys(seeds[0]?.parts ?? {})
  const parts = [...new Set(results.flatMap(partsOf))]
  const shown = parts.length > 1 ? parts : []
  return [
    ['arm', 'mean', ...shown, ...seeds, `− ${base} (95 %)`, 'better / worse', 'chance', 'cut %'],
    ...arms.map(({ name, mean: middle, seeds }, i) => {
      const outcomes = results[i]!.seeds
      return [
        name,
        middle.toFixed(1),
        ...shown.map((part) => meanOf(outcomes.flatMap(({ parts }) => parts[part] ?? []))),
        ...seeds.map(({ value, low, high }) => `${value.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`),
        ...(first && first !== results[i] ? compared(first, results[i]!) : ['', '', '']),
        mean(outcomes.map(({ cut }) => cut)).toFixed(1),
      ]
    }),
  ]
}

const meanOf = (values: readonly number[]): string => (values.length === 0 ? '' : mean(values).toFixed(1))

function compared(base: ArmResult, arm: ArmResult): string[] {
  const [before, after] = [base, arm].map(({ seeds }) => seeds.flatMap(({ right }) => right as number[])) as [
    number[],
    number[],
  ]
  const { estimate, low, high } = pairedDifference(before, after)
  const better = sum(after.map((right, i) => Number(right > before[i]!)))
  const worse = sum(after.map((right, i) => Number(right < before[i]!)))
  const [mid, from, to] = [estimate, low, high].map((share) => (100 * share).toFixed(1))
  return [`${mid} [${from}, ${to}]`, `${better} / ${worse}`, signTest(better, worse).toPrecision(2)]
}

/** The same first rows of every arm, as its first seed answers them. */
export function shownAnswers(results: readonly ArmResult[], count: number): string[] {
  if (count === 0) return []
  return results.flatMap(({ name, seeds: [first] }) => [
    '',
    `${name}, seed ${first?.seed}`,
    ...(first?.answers ?? [])
      .slice(0, count)
      .map(({ id, output, right }) => `${right ? '✓' : '✗'} ${id}  ${output.replaceAll('\n', ' ⏎ ')}`),
  ])
}
