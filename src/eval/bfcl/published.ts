// Published BFCL results of Tool-N1's paper, with what is known to be inconsistent about them, and one's own beside them.
import type { PublishedTable } from '../benchmark.ts'
import { mean, sum } from '../statistics.ts'
import { aggregatePaper, type Counts } from './aggregate.ts'

/** Rows of the four live AST categories. */
const LIVE_ROWS = [258, 1053, 16, 24]

/** Table 2 of arXiv 2505.00024 (leaderboard of 2025-04-13); percent. */
export const tableTwo: PublishedTable = {
  source: 'Table 2 of Tool-N1, arXiv 2505.00024',
  note:
    'The two Tool-N1 rows weight live by rows over the four AST categories; the Live and Overall of the other rows do not follow from their own columns ' +
    '(they fit the leaderboard of April 2025, whose live score counts irrelevance and relevance too), so the table compares unlike numbers. ' +
    '“Live, AST only” and “Overall, AST only” are recomputed here from each row’s own columns and may be compared. ToolACE-8B’s printed Overall is not the mean of its columns either.',
  columns: [
    'NL simple',
    'NL multiple',
    'NL parallel',
    'NL par. mult.',
    'L simple',
    'L multiple',
    'L parallel',
    'L par. mult.',
    'Non-live',
    'Live',
    'Overall',
    'Live, AST only',
    'Overall, AST only',
  ],
  rows: [
    row('GPT-4o-2024-11-20', [79.42, 95.5, 94.0, 83.5, 84.88, 79.77, 87.5, 75.0, 88.1, 79.83, 83.97]),
    row('GPT-4o-mini', [80.08, 90.5, 89.5, 87.0, 81.4, 76.73, 93.75, 79.17, 86.77, 76.5, 81.64]),
    row('GPT-3.5-Turbo-0125', [77.92, 93.5, 67.0, 53.0, 80.62, 78.63, 75.0, 58.33, 72.85, 68.55, 70.7]),
    row('Gemini-2.0-Flash-001', [74.92, 89.5, 86.5, 87.0, 75.58, 73.12, 81.25, 83.33, 84.48, 81.39, 82.94]),
    row('DeepSeek-R1', [76.42, 94.5, 90.05, 88.0, 84.11, 79.87, 87.5, 70.83, 87.35, 74.41, 80.88]),
    row('Llama3.1-70B-Inst', [77.92, 96.0, 94.5, 91.5, 78.29, 76.16, 87.5, 66.67, 89.98, 62.24, 76.11]),
    row('Llama3.1-8B-Inst', [72.83, 93.5, 87.0, 83.5, 74.03, 73.31, 56.25, 54.17, 84.21, 61.08, 72.65]),
    row('Qwen2.5-7B-Inst', [75.33, 94.5, 91.5, 84.5, 76.74, 74.93, 62.5, 70.83, 86.46, 67.44, 76.95]),
    row('xLAM-2-70b-fc-r (FC)', [78.25, 94.5, 92.0, 89.0, 77.13, 71.13, 68.75, 58.33, 88.44, 72.95, 80.7]),
    row('ToolACE-8B (FC)', [76.67, 93.5, 90.5, 89.5, 73.26, 76.73, 81.25, 70.83, 87.54, 78.59, 82.57]),
    row('Hammer2.1-7B (FC)', [78.08, 95.0, 93.5, 88.0, 76.74, 77.4, 81.25, 70.83, 88.65, 75.11, 81.88]),
    row('Tool-N1-7B', [77.0, 95.0, 94.5, 90.5, 82.17, 80.44, 62.5, 70.83, 89.25, 80.38, 84.82]),
    row('Tool-N1-14B', [80.58, 96.0, 93.5, 92.0, 84.1, 81.1, 81.25, 66.67, 90.52, 81.42, 85.97]),
  ],
}

/** The table with a last row of these counts; null where categories are missing. */
export function besideTableTwo(counts: Counts): PublishedTable {
  const share = (...names: (keyof Counts)[]) => {
    const found = names.flatMap((name) => counts[name] ?? [])
    if (found.length < names.length) return null
    return 100 * mean(found.map(({ correct, total }) => correct / total))
  }
  const { nonLive, live, overall } = aggregatePaper(counts)
  const columns = [
    share('simple_python', 'simple_java', 'simple_javascript'),
    share('multiple'),
    share('parallel'),
    share('parallel_multiple'),
    share('live_simple'),
    share('live_multiple'),
    share('live_parallel'),
    share('live_parallel_multiple'),
  ]
  const unless = (needed: readonly (number | null)[], value: number) => (needed.includes(null) ? null : 100 * value)
  const [ownNonLive, ownLive, ownOverall] = [
    unless(columns.slice(0, 4), nonLive),
    unless(columns.slice(4), live),
    unless(columns, overall),
  ]
  const yours = { name: 'yours', values: [...columns, ownNonLive, ownLive, ownOverall, ownLive, ownOverall] }
  return { ...tableTwo, rows: [...tableTwo.rows, yours] }
}

/** The printed numbers, and the two that follow from the printed columns. */
function row(name: string, printed: readonly number[]): { name: string; values: readonly number[] } {
  const nonLive = printed[8] ?? NaN
  const live = sum(printed.slice(4, 8).map((value, i) => value * LIVE_ROWS[i]!)) / sum(LIVE_ROWS)
  return { name, values: [...printed, round(live), round((nonLive + live) / 2)] }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
