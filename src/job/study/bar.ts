// A bar of a study: an arm, or the difference of two, against a number of points; of all rows, or of those of one file.
import { HoneError, unknownName } from '../../error.ts'

export interface Bar {
  /** As it was written. */
  text: string
  of: Measured
  /** What is taken from it. */
  less: Measured | undefined
  holds(value: number): boolean
}

/** What a bar is about: an arm, on a file of rows or on all of them. */
export interface Measured {
  arm: string
  set: string | undefined
}

const relations: Record<string, (value: number, bound: number) => boolean> = {
  '>=': (value, bound) => value >= bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '<': (value, bound) => value < bound,
}

/**
 * `grpo - start >= 15`, `sft >= 40`, `grpo/hard > 0`; a minus between arms stands between spaces, a file goes by its name without an
 * ending. @throws HoneError for anything else, and for an arm or a file that there is not
 */
export function readBar(text: string, { arms, sets }: Known, at: string): Bar {
  const [, arm = '', less, relation = '', bound] =
    /^\s*(\S+)(?:\s+-\s+(\S+))?\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text) ?? []
  if (bound === undefined)
    throw new HoneError(`Cannot read the bar "${text}"`, { at, hint: 'write such as "grpo - start >= 15", in points' })
  const measured = (name: string): Measured => {
    // The name of an arm may hold a stroke.
    if (arms.includes(name)) return { arm: name, set: undefined }
    const [, arm = name, set] = /^(.*)\/([^/]*)$/.exec(name) ?? []
    if (!arms.includes(arm)) throw unknownName('arm', arm, arms, { at })
    if (set !== undefined && !sets.includes(set)) throw unknownName('file of evaluation', set, sets, { at })
    return { arm, set }
  }
  return {
    text,
    of: measured(arm),
    less: less === undefined ? undefined : measured(less),
    holds: (value) => relations[relation]!(value, Number(bound)),
  }
}

/** Names that bars may use. */
export interface Known {
  arms: readonly string[]
  sets: readonly string[]
}
