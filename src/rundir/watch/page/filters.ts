// Which groups of a step are shown, and in which order.
import type { Group, Mark } from '../view.ts'

export interface Filter {
  title: string
  /** Said of completions where `of` is given, of whole groups otherwise. */
  of?: (mark: Mark) => boolean
  group?: (group: Group) => boolean
}

/** Rewards that differ by less are equal. */
const EQUAL = 1e-9

export const filters: Record<string, Filter> = {
  failed: { title: 'Failed', of: ({ right }) => !right },
  truncated: { title: 'Truncated', of: ({ truncated }) => truncated },
  fault: { title: 'Fault', of: ({ fault }) => fault },
  equal: { title: 'Equal rewards', group: ({ marks, deviation }) => marks.length > 1 && deviation < EQUAL },
}

export const orders: Record<string, { title: string; by?: (group: Group) => number }> = {
  trained: { title: 'as they came' },
  worst: { title: 'worst first', by: ({ mean }) => mean },
  best: { title: 'best first', by: ({ mean }) => -mean },
  spread: { title: 'widest spread first', by: ({ deviation }) => -deviation },
}

/** A group with its place in the step and those of its completions that are asked for. */
export interface Found {
  group: Group
  place: number
  marks: Mark[]
}

/** Groups that every chosen filter holds of, and whose question or id has the words. */
export function find(
  groups: readonly Group[],
  { chosen, words, order }: { chosen: readonly string[]; words: string; order: string },
): Found[] {
  const rows = chosen.flatMap((name) => filters[name] ?? [])
  const wanted = words.toLowerCase()
  const found = groups.flatMap((group, place): Found[] => {
    if (wanted && !`${group.id} ${group.question} ${group.set ?? ''}`.toLowerCase().includes(wanted)) return []
    if (!rows.every((row) => row.group?.(group) ?? true)) return []
    const marks = group.marks.filter((mark) => rows.every((row) => row.of?.(mark) ?? true))
    return marks.length > 0 ? [{ group, place, marks }] : []
  })
  const by = orders[order]?.by
  return by ? found.sort((a, b) => by(a.group) - by(b.group)) : found
}

/** How many completions, or groups, a filter holds of. */
export function countOf(groups: readonly Group[], { of, group }: Filter): number {
  if (group) return groups.filter(group).length
  return groups.reduce((sum, { marks }) => sum + marks.filter(of!).length, 0)
}
