// The test of a reward: rows that say what they should score.
import { complain, log } from '../../out.ts'
import { HoneError } from '../../error.ts'
import { plainJson } from '../../text/json.ts'
import type { Sample, Verdict } from '../../reward/reward.ts'

/** The column that says so. */
export const COLUMN = 'expected_score'

/** Scores that differ by less are the same: they were written in decimals. */
const TOLERANCE = 1e-6

export interface Check {
  /** Told at once where the row scores otherwise than it says. */
  take(sample: Sample, verdict: Verdict, at: string): void
  /** Whether every row scores as it says. @throws HoneError where no row says anything. */
  holds(): boolean
}

export function openCheck(): Check {
  let [checked, missed] = [0, 0]
  return {
    take({ row }, { score, fault, reasons }, at) {
      const expected = plainJson(row?.[COLUMN] ?? null)
      if (typeof expected !== 'number') return
      checked++
      if (fault === null && Math.abs(score - expected) <= TOLERANCE) return
      missed++
      const why = fault === null ? reasons.join('; ') : `fault ${[fault, ...reasons].join(': ')}`
      complain(`${at}: scores ${score}, expected ${expected}${why === '' ? '' : ` (${why})`}`)
    },
    holds() {
      if (checked === 0)
        throw new HoneError(`Cannot check the reward: no row has a number in the column ${COLUMN}`, {
          hint: '`hone init reward` writes rows to start from',
        })
      log(`${checked - missed} of ${checked} rows score as expected`)
      return missed === 0
    },
  }
}
