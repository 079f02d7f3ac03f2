// A bar of a study: an arm, or the difference or ratio of two, against a number; of all rows, or of a part: one file, one way to answer;
// for the mean over seeds, or for every one of them.
import { mean } from '../../eval/statistics.ts'
import { HoneError, unknownName } from '../../error.ts'

export interface Bar {
  /** As it was written. */
  text: string
  of: Measured
  /** What it is compared with, and how. */
  beside: { than: Measured; value(first: number, second: number): number } | undefined
  /** What the values of the seeds come to: their mean, or the one furthest from the bar where each is to reach it. */
  judge(seeds: readonly number[]): { value: number; met: boolean }
}

/** What a bar is about: an arm, by all rows or by a part of what it is worth. */
export interface Measured {
  arm: string
  part: string | undefined
}

const comparisons: Record<string, (first: number, second: number) => number> = {
  '-': (first, second) => first - second,
  '/': (first, second) => first / second,
}

const relations: Record<string, { holds(value: number, bound: number): boolean; worst(...values: number[]): number }> =
  {
    '>=': { holds: (value, bound) => value >= bound, worst: Math.min },
    '<=': { holds: (value, bound) => value <= bound, worst: Math.max },
    '>': { holds: (value, bound) => value > bound, worst: Math.min },
    '<': { holds: (value, bound) => value < bound, worst: Math.max },
  }

/**
 * `grpo - start >= 15`, `sft >= 40`, `grpo/hard > 0`, `sft/best / sft >= 1.5`; a sign between arms stands between spaces, a file goes by
 * its name without an ending. `every grpo - start > 8` is of each seed by itself. @throws HoneError for anything else, and for an arm or a
 * part that there is not
 */
export function readBar(text: string, { arms, parts }: Known, at: string): Bar {
  const [, every, arm = '', sign, than, relation = '', bound] =
    /^\s*(every\s+)?(\S+)(?:\s+([-/])\s+(\S+))?\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text) ?? []
  if (bound === undefined)
    throw new HoneError(`Cannot read the bar "${text}"`, { at, hint: 'write such as "grpo - start >= 15", in points' })
  const measured = (name: string): Measured => {
    // The name of an arm may hold a stroke.
    if (arms.includes(name)) return { arm: name, part: undefined }
    const [, arm = name, part] = /^(.*)\/([^/]*)$/.exec(name) ?? []
    if (!arms.includes(arm)) throw unknownName('arm', arm, arms, { at })
    if (part !== undefined && !parts.includes(part)) throw unknownName('part of the evaluation', part, parts, { at })
    return { arm, part }
  }
  return {
    text,
    of: measured(arm),
    beside: than === undefined ? undefined : { than: measured(than), value: comparisons[sign!]! },
    judge(seeds) {
      const { holds, worst } = relations[relation]!
      // Shares are of whole rows: what rounding adds is no part of them.
      const value = Number((every === undefined ? mean(seeds) : worst(...seeds)).toFixed(9))
      return { value, met: holds(value, Number(bound)) }
    },
  }
}

/** Names that bars may use. */
export interface Known {
  arms: readonly string[]
  parts: readonly string[]
}
