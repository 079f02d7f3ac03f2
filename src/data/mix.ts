// A mixture of files: of each so many rows that they stand to each other as the weights say, drawn by the seed.
import { HoneError } from '../error.ts'
import { shuffle } from '../rng.ts'

/** A file of a mixture and its weight; weights count against each other, whatever they add up to. */
export interface Part {
  path: string
  weight: number
}

/**
 * Rows to take of each part: `limit` in all, or as many as the parts have together before one runs out. What does not
 * divide goes to the largest remainders. @throws HoneError where a part has fewer rows than its share of `limit`.
 */
export function quotas(parts: readonly Part[], available: readonly number[], limit?: number): number[] {
  const sum = parts.reduce((total, { weight }) => total + weight, 0)
  const shares = parts.map(({ weight }) => weight / sum)
  const most = Math.floor(Math.min(...shares.map((share, i) => (available[i]! + ROUNDING) / share)))
  const rows = limit ?? most
  const exact = shares.map((share) => share * rows)
  const counts = exact.map((count) => Math.floor(count + ROUNDING))
  const left = rows - counts.reduce((total, count) => total + count, 0)
  const byRemainder = [...exact.keys()].sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!) || a - b)
  for (const i of byRemainder.slice(0, left)) counts[i]!++
  const short = counts.findIndex((count, i) => count > available[i]!)
  if (short >= 0)
    throw new HoneError(
      `Cannot mix ${rows} rows: ${counts[short]} are to come from a file that has ${available[short]}`,
      {
        at: parts[short]!.path,
        hint: `--limit ${most} is the most at these weights; without --limit that many are taken`,
      },
    )
  return counts
}

/** A share times a count, which is a whole number, may come out a little less. */
const ROUNDING = 1e-9

/** So many rows of each file, in an order of the seed: of a larger mixture by the same seed they are a part of each file. */
export function mix<Row>(files: readonly (readonly Row[])[], counts: readonly number[], seed: number): Row[] {
  const drawn = files.flatMap((rows, i) => shuffle(rows, seed, DRAW, i).slice(0, counts[i]))
  return shuffle(drawn, seed, ORDER)
}

/** Keys of draws, apart from those of prep.ts and augment.ts. */
const DRAW = 4
const ORDER = 5
