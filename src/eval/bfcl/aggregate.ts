// The two aggregates of BFCL scores, each named as what it is: the leaderboard's (v4), and the one of Tool-N1's Table 2.
import { mean, sum } from '../statistics.ts'
import type { CategoryName } from './categories.ts'

/** Multi-turn and agentic categories, which count in v4's overall score and which hone does not run. */
export type OtherCategory =
  | 'multi_turn_base'
  | 'multi_turn_miss_func'
  | 'multi_turn_miss_param'
  | 'multi_turn_long_context'
  | 'web_search_base'
  | 'web_search_no_snippet'
  | 'memory_kv'
  | 'memory_vector'
  | 'memory_rec_sum'

export interface Count {
  correct: number
  total: number
}
export type Counts = Partial<Record<CategoryName | OtherCategory, Count>>

/** Share in [0, 1], how many rows stand behind it, and whether a category that it needs is missing. */
interface Share {
  value: number
  rows: number
  missing: boolean
}

/** Rows of the live categories: a missing one weighs as much as one that is all wrong. */
const LIVE_ROWS = { live_simple: 258, live_multiple: 1053, live_parallel: 16, live_parallel_multiple: 24 } as const

export interface V4 {
  /** Mean of simple (itself the mean of three languages), multiple, parallel and parallel_multiple. */
  nonLive: number
  /** The four live AST categories, weighted by rows. */
  live: number
  /** Mean of irrelevance and live_irrelevance. */
  irrelevance: number
  multiTurn: number
  agentic: number
  /** 10 % non-live, 10 % live, 10 % irrelevance, 30 % multi-turn, 40 % agentic. */
  overall: number
  /** Parts that need a category which is missing; it counts as 0. */
  missing: { nonLive: boolean; live: boolean; irrelevance: boolean; multiTurn: boolean; agentic: boolean }
}

/** The leaderboard of BFCL v4. */
export function aggregateV4(counts: Counts): V4 {
  const share = (name: keyof Counts): Share => shareOf(counts[name])
  const simple = meanOf([share('simple_python'), share('simple_java'), share('simple_javascript')])
  const nonLive = meanOf([simple, share('multiple'), share('parallel'), share('parallel_multiple')])
  const live = weighted(counts)
  const irrelevance = meanOf([share('irrelevance'), share('live_irrelevance')])
  const multiTurn = meanOf([
    share('multi_turn_base'),
    share('multi_turn_miss_func'),
    share('multi_turn_miss_param'),
    share('multi_turn_long_context'),
  ])
  const web = meanOf([share('web_search_base'), share('web_search_no_snippet')])
  const memory = meanOf([share('memory_kv'), share('memory_vector'), share('memory_rec_sum')])
  const agentic = meanOf([web, memory])
  return {
    nonLive: nonLive.value,
    live: live.value,
    irrelevance: irrelevance.value,
    multiTurn: multiTurn.value,
    agentic: agentic.value,
    // Weights are made to sum to one before they are applied, as the original does.
    overall:
      nonLive.value * 0.1 + live.value * 0.1 + irrelevance.value * 0.1 + multiTurn.value * 0.3 + agentic.value * 0.4,
    missing: {
      nonLive: nonLive.missing,
      live: live.missing,
      irrelevance: irrelevance.missing,
      multiTurn: multiTurn.missing,
      agentic: agentic.missing,
    },
  }
}

export interface PaperAggregate {
  nonLive: number
  live: number
  overall: number
  missing: boolean
}

/** Tool-N1's Table 2 (arXiv 2505.00024) as its own two rows compute it: no irrelevance anywhere, live by rows, overall the mean of both. */
export function aggregatePaper(counts: Counts): PaperAggregate {
  const { nonLive, live, missing } = aggregateV4(counts)
  return { nonLive, live, overall: (nonLive + live) / 2, missing: missing.nonLive || missing.live }
}

function shareOf(count: Count | undefined): Share {
  return { value: count && count.total > 0 ? count.correct / count.total : 0, rows: count?.total ?? 0, missing: !count }
}

function meanOf(shares: readonly Share[]): Share {
  return {
    value: mean(shares.map(({ value }) => value)),
    rows: sum(shares.map(({ rows }) => rows)),
    missing: shares.some(({ missing }) => missing),
  }
}

function weighted(counts: Counts): Share {
  let correct = 0
  let rows = 0
  let missing = false
  for (const name of ['live_simple', 'live_multiple', 'live_parallel', 'live_parallel_multiple'] as const) {
    const share = shareOf(counts[name])
    const weight = counts[name] ? share.rows : LIVE_ROWS[name]
    correct += share.value * weight
    rows += weight
    missing ||= share.missing
  }
  return { value: correct / rows, rows, missing }
}
