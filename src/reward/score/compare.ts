// Where the published code and the paper judge a completion differently, over a whole file.
import type { Verdict } from '../reward.ts'

/** Rows that a kind of difference is shown by. */
const EXAMPLES = 3

export interface Comparison {
  rows: number
  /** 'compat score → strict score: reason' → how often, and the first rows. */
  differences: Map<string, { rows: number; examples: string[] }>
  sums: { compat: number; strict: number }
}

export function emptyComparison(): Comparison {
  return { rows: 0, differences: new Map(), sums: { compat: 0, strict: 0 } }
}

export function countDifference(comparison: Comparison, id: string, compat: Verdict, strict: Verdict): void {
  comparison.rows++
  comparison.sums.compat += compat.score
  comparison.sums.strict += strict.score
  if (compat.score === strict.score && compat.fault === strict.fault) return
  const by = compat.score > strict.score ? strict : compat
  const key = `${spell(compat)} → ${spell(strict)}: ${by.reasons[0] ?? 'judged otherwise'}`
  const difference = comparison.differences.get(key) ?? { rows: 0, examples: [] }
  difference.rows++
  if (difference.examples.length < EXAMPLES) difference.examples.push(id)
  comparison.differences.set(key, difference)
}

/** Lines for people, the commonest difference first. */
export function comparisonLines(name: string, { rows, differences, sums }: Comparison): string[] {
  const all = [...differences].sort(([, a], [, b]) => b.rows - a.rows)
  const differing = all.reduce((sum, [, each]) => sum + each.rows, 0)
  return [
    `${name}: ${differing} of ${rows} rows differ between compat and strict`,
    `mean compat ${(sums.compat / rows).toFixed(4)}, strict ${(sums.strict / rows).toFixed(4)}`,
    ...all.map(
      ([key, each]) => `  ${each.rows} × ${key} (rows ${each.examples.join(', ')}${each.rows > EXAMPLES ? ', …' : ''})`,
    ),
  ]
}

function spell({ score, fault }: Verdict): string {
  return fault ?? String(Number(score.toFixed(4)))
}
