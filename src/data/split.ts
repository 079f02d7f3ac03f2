// A split without leaks: rows that give each other's answers away stay together, on one side.
import { keyOf, uniform } from '../rng.ts'
import type { HoneRow } from '../dialogue/row.ts'
import { wordsOf } from '../text/words.ts'

/** A row and the file that it comes from. */
export interface Placed {
  row: HoneRow
  path: string
}

/** What rows may have in common; undefined where a row has nothing of the kind. */
export const ties = {
  /** Steps of one dialogue. */
  dialogue: ({ path, row }) => `${path}/${dialogueOf(row)}`,
  /** What the user says, in the same words. */
  question: ({ row: { messages } }) =>
    wordsOf(messages.flatMap(({ role, content }) => (role === 'user' ? [content] : [])).join('\n')).join(' ') ||
    undefined,
  /** Tools of the same names, in any order. */
  tools: ({ row: { tools } }) =>
    tools.length === 0
      ? undefined
      : tools
          .map(({ name }) => name)
          .toSorted()
          .join('\n'),
} satisfies Record<string, (placed: Placed) => string | undefined>
export type Tie = keyof typeof ties

/** The dialogue of its file that a row is a step of. */
export const dialogueOf = ({ source, meta }: HoneRow): string => `${meta['from'] ?? source}/${meta['row']}`

/** The rows in groups, as their places: rows that have anything of `by` in common are in one, and so are those that others connect. */
export function groupsOf(rows: readonly Placed[], by: readonly Tie[]): number[][] {
  const parents = rows.map((_, i) => i)
  const rootOf = (i: number): number => {
    while (parents[i] !== i) i = parents[i] = parents[parents[i]!]!
    return i
  }
  for (const tie of by) {
    const first = new Map<string, number>()
    rows.forEach((row, i) => {
      const key = ties[tie](row)
      if (key === undefined) return
      const other = first.get(key)
      if (other === undefined) first.set(key, i)
      else parents[rootOf(i)] = rootOf(other)
    })
  }
  return [...Map.groupBy(rows.keys(), rootOf).values()]
}

export interface Split {
  /** Places of the rows that are held out. */
  heldOut: ReadonlySet<number>
  groups: number
  /** Rows of the largest group. */
  largest: number
}

/** Groups in an order of the seed, each held out where that comes nearer to the share of the rows that is asked for. */
export function splitOf(
  rows: readonly Placed[],
  { by, share, seed }: { by: readonly Tie[]; share: number; seed: number },
): Split {
  const groups = groupsOf(rows, by)
  // By what its first row is, not by where it stands.
  const drawn = groups
    .map((group) => ({ group, draw: uniform(seed, GROUP, keyOf(rows[group[0]!]!.row.id)) }))
    .sort((a, b) => a.draw - b.draw)
  const wanted = share * rows.length
  const heldOut = new Set<number>()
  for (const { group } of drawn)
    if (Math.abs(heldOut.size + group.length - wanted) < Math.abs(heldOut.size - wanted))
      for (const i of group) heldOut.add(i)
  return { heldOut, groups: groups.length, largest: Math.max(0, ...groups.map(({ length }) => length)) }
}

/** Key of the draws, apart from those of mix.ts. */
const GROUP = 6
