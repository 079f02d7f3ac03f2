// Sequences that begin alike as a forest: a row for each token that has another one after it, and what several share once.
//
// A row is known by all tokens up to it and by the one after it, which it predicts. Rows are numbered depth first, so that the rows
// below row j, and no others, have the numbers from j up to its end: row q sees row j where j ≤ q ≤ end of j.
import type { Group } from './policy.ts'

export interface Forest {
  /** Input token of every row, the token that it predicts, and its position. */
  ids: number[]
  labels: number[]
  positions: number[]
  /** The row before it in its sequences; −1 at their beginning. */
  parents: number[]
  /** The last row below it, or itself. */
  ends: number[]
  /** Whether it, or a row above it, predicts a token of a completion. */
  predicts: boolean[]
  /** Of each group and completion, the rows of its sequence in order. */
  paths: Int32Array[][]
}

/** One completion of one group. */
export interface Leaf {
  group: number
  sample: number
}

interface Sequence extends Leaf {
  /** Prompt and completion. */
  ids: readonly number[]
  /** Rows before the one that predicts the first token of the completion. */
  before: number
}

/** Sequences with how many rows of each are those of the one before it. */
export interface Sorted {
  sequences: readonly Sequence[]
  shared: readonly number[]
  /** Rows in all. */
  rows: number
}

/** All sequences of the groups in the order of their tokens: those that begin alike stand beside each other. */
export function sorted(groups: readonly Group[]): Sorted {
  const sequences = groups
    .flatMap(({ prompt, completions }, group) =>
      completions.map((own, sample): Sequence => ({
        group,
        sample,
        ids: [...prompt, ...own],
        before: prompt.length - 1,
      })),
    )
    .sort((a, b) => {
      const common = commonLength(a.ids, b.ids)
      return (a.ids[common] ?? -1) - (b.ids[common] ?? -1)
    })
  const shared = sequences.map(({ ids }, i) =>
    i === 0 ? 0 : Math.max(0, commonLength(sequences[i - 1]!.ids, ids) - 1),
  )
  const rows = sequences.reduce((sum, { ids }, i) => sum + ids.length - 1 - shared[i]!, 0)
  return { sequences, shared, rows }
}

/** How many tokens two sequences begin with in common. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length++
  return length
}

export function forestOf(groups: readonly Group[], { sequences, shared }: Sorted = sorted(groups)): Forest {
  const forest: Forest = { ids: [], labels: [], positions: [], parents: [], ends: [], predicts: [], paths: [] }
  const { ids, labels, positions, parents, ends, predicts } = forest
  forest.paths = groups.map(({ completions }) => completions.map(() => new Int32Array()))
  let path = new Int32Array()
  const close = (from: number) => {
    for (let i = from; i < path.length; i++) ends[path[i]!] = ids.length - 1
  }
  sequences.forEach(({ group, sample, ids: tokens, before }, i) => {
    close(shared[i]!)
    const next = new Int32Array(tokens.length - 1)
    next.set(path.subarray(0, shared[i]!))
    for (let p = shared[i]!; p < next.length; p++) {
      next[p] = ids.length
      ids.push(tokens[p]!)
      labels.push(tokens[p + 1]!)
      positions.push(p)
      parents.push(p === 0 ? -1 : next[p - 1]!)
      predicts.push(p > 0 && predicts[next[p - 1]!]!)
    }
    for (let p = before; p < next.length; p++) predicts[next[p]!] = true
    forest.paths[group]![sample] = path = next
  })
  close(0)
  // What was shared before one of its sequences had a completion there.
  parents.forEach((parent, row) => (predicts[row] ||= parent >= 0 && predicts[parent]!))
  return forest
}

/**
 * The leaves of a forest in passes: all together, or where they are several times as many rows as `limit` and as the longest of them,
 * whose beginnings each pass computes again, in runs of about twice as many rows.
 */
export function leavesAtOnce(groups: readonly Group[], limit: number): { leaves: Leaf[]; rows: number }[] {
  const { sequences, shared } = sorted(groups)
  const longest = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0)
  const passes: { leaves: Leaf[]; rows: number }[] = []
  sequences.forEach(({ group, sample, ids }, i) => {
    const last = passes.at(-1)
    const more = ids.length - 1 - shared[i]!
    if (last && last.rows + more <= 2 * Math.max(limit, longest)) {
      last.leaves.push({ group, sample })
      last.rows += more
    } else passes.push({ leaves: [{ group, sample }], rows: ids.length - 1 })
  })
  return passes
}

/** Rows [from, to). */
export interface Stretch {
  from: number
  to: number
}

/** What is copied for stretches that lie apart costs less than looking at this many rows for nothing. */
const GAP = 16
/** So are all rows from the first to the last where that many more are not worth a copy. */
const LOOSE = 1.25

/** Stretches that hold all of the rows and everything above them; `parents` is −1 at a beginning. */
export function seenBy({ from, to }: Stretch, parents: Int32Array): Stretch[] {
  const seen = new Set<number>()
  for (let row = from; row < to; row++)
    for (let above = row; above >= 0 && !seen.has(above); above = parents[above]!) seen.add(above)
  const stretches: Stretch[] = []
  for (const row of [...seen].sort((a, b) => a - b)) {
    const last = stretches.at(-1)
    if (last && row < last.to + GAP) last.to = row + 1
    else stretches.push({ from: row, to: row + 1 })
  }
  const [first, last] = [stretches[0]!.from, stretches.at(-1)!.to]
  return last - first <= LOOSE * lengthOf(stretches) ? [{ from: first, to: last }] : stretches
}

export const lengthOf = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { from, to }) => sum + to - from, 0)
