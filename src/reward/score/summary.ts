// What the scores of a file come to: mean, faults by name, parts, and a histogram.
import * as v from 'valibot'
import type { Verdict } from '../reward.ts'

/** Distinct scores shown one by one; more are gathered into as many bins. */
const BINS = 10
const BAR = 30

export interface Summary {
  rows: number
  sum: number
  /** Fault → rows. */
  faults: Map<string, number>
  /** Part → rows in which it applies, and their sum. */
  parts: Map<string, { rows: number; sum: number }>
  /** Score → rows. */
  scores: Map<number, number>
}

export function emptySummary(): Summary {
  return { rows: 0, sum: 0, faults: new Map(), parts: new Map(), scores: new Map() }
}

/** Counts `times` rows with the same verdict. */
export function countVerdict(summary: Summary, { score, parts, fault }: Verdict, times = 1): void {
  summary.rows += times
  summary.sum += score * times
  if (fault !== null) summary.faults.set(fault, (summary.faults.get(fault) ?? 0) + times)
  summary.scores.set(score, (summary.scores.get(score) ?? 0) + times)
  for (const [name, value] of Object.entries(parts ?? {})) {
    if (value === null) continue
    const part = summary.parts.get(name) ?? { rows: 0, sum: 0 }
    part.rows += times
    part.sum += value * times
    summary.parts.set(name, part)
  }
}

/** Adds the counts of `other`. */
export function mergeSummary(summary: Summary, other: Summary): void {
  summary.rows += other.rows
  summary.sum += other.sum
  for (const [fault, rows] of other.faults) summary.faults.set(fault, (summary.faults.get(fault) ?? 0) + rows)
  for (const [score, rows] of other.scores) summary.scores.set(score, (summary.scores.get(score) ?? 0) + rows)
  for (const [name, { rows, sum }] of other.parts) {
    const part = summary.parts.get(name) ?? { rows: 0, sum: 0 }
    summary.parts.set(name, { rows: part.rows + rows, sum: part.sum + sum })
  }
}

/** A summary of as many lines as one line of JSON, and back. */
export function summaryText({ rows, sum, faults, parts, scores }: Summary, lines: number): string {
  return JSON.stringify({ lines, rows, sum, faults: [...faults], parts: [...parts], scores: [...scores] })
}

export function readSummary(text: string): { lines: number; summary: Summary } {
  const { lines, rows, sum, faults, parts, scores } = v.parse(StoredSummary, JSON.parse(text))
  return { lines, summary: { rows, sum, faults: new Map(faults), parts: new Map(parts), scores: new Map(scores) } }
}

const StoredSummary = v.object({
  lines: v.number(),
  rows: v.number(),
  sum: v.number(),
  faults: v.array(v.tuple([v.string(), v.number()])),
  parts: v.array(v.tuple([v.string(), v.object({ rows: v.number(), sum: v.number() })])),
  scores: v.array(v.tuple([v.number(), v.number()])),
})

/** Mean score; 0 without rows. */
export function meanScore({ rows, sum }: Summary): number {
  return rows === 0 ? 0 : sum / rows
}

/** Lines for people. */
export function summaryLines(name: string, summary: Summary): string[] {
  const faults = [...summary.faults].sort(([, a], [, b]) => b - a)
  const faulty = faults.reduce((sum, [, rows]) => sum + rows, 0)
  const parts = [...summary.parts].map(([part, { rows, sum }]) => `${part} ${(sum / rows).toFixed(4)}`)
  return [
    `${name}: ${summary.rows} rows, mean ${meanScore(summary).toFixed(4)}${faulty === 0 ? '' : `, ${faulty} with a fault (${faults.map(([fault, rows]) => `${fault} ${rows}`).join(', ')})`}`,
    ...(parts.length === 0 ? [] : [`parts: ${parts.join(', ')}`]),
    ...histogram(summary),
  ]
}

function histogram({ rows, scores }: Summary): string[] {
  const bins = scores.size <= BINS ? distinct(scores) : gathered(scores)
  const most = Math.max(...bins.map(({ count }) => count))
  const width = Math.max(...bins.map(({ label }) => label.length))
  return bins.map(({ label, count }) => {
    const bar = '█'.repeat(Math.round((count / most) * BAR)).padEnd(BAR)
    return `  ${label.padStart(width)} ${bar} ${count} (${((100 * count) / rows).toFixed(1)} %)`
  })
}

interface Bin {
  label: string
  count: number
}

function distinct(scores: Map<number, number>): Bin[] {
  return [...scores]
    .sort(([a], [b]) => a - b)
    .map(([score, count]) => ({ label: String(Number(score.toFixed(6))), count }))
}

function gathered(scores: Map<number, number>): Bin[] {
  const all = [...scores.keys()]
  const lowest = all.reduce((a, b) => Math.min(a, b))
  const step = (all.reduce((a, b) => Math.max(a, b)) - lowest) / BINS
  const counts = new Array<number>(BINS).fill(0)
  for (const [score, count] of scores) {
    const bin = Math.min(Math.floor((score - lowest) / step), BINS - 1)
    counts[bin] = counts[bin]! + count
  }
  return counts.map((count, i) => ({
    label: `${(lowest + i * step).toFixed(3)} … ${(lowest + (i + 1) * step).toFixed(3)}`,
    count,
  }))
}
