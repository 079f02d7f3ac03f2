// The outcome of an evaluation as one record: what every report shows and what JSON for scripts holds.
import type { Judged, NamedScore, OpenBenchmark, PublishedTable } from './benchmark.ts'
import { tallies, tally, type Tally } from './tally.ts'

export interface Summary {
  benchmark: string
  /** Where the responses came from. */
  source: string
  /** Hash of prompt form, parser and benchmark: equal hashes mean comparable results. */
  protocol: string
  all: Tally
  categories: Tally[]
  scores: NamedScore[]
  notes: string[]
  published?: PublishedTable
}

export function summarize(
  open: OpenBenchmark,
  judged: readonly Judged[],
  about: Pick<Summary, 'benchmark' | 'source' | 'protocol'>,
): Summary {
  return {
    ...about,
    all: tally('all responses', judged),
    categories: tallies(judged),
    scores: open.scores(judged),
    notes: open.notes(judged),
    ...(open.published && { published: open.published(judged) }),
  }
}

/** The score called `name`; `accuracy` is the share of right responses. Undefined where there is none. */
export function scoreOf({ all, scores }: Summary, name: string): number | null | undefined {
  return name === 'accuracy' ? all.interval.estimate : scores.find((score) => score.name === name)?.value
}
