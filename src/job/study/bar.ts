// A bar of a study: an arm, or the difference of two, against a number of points.
import { HoneError, unknownName } from '../../error.ts'

export interface Bar {
  /** As it was written. */
  text: string
  arm: string
  /** What is taken from it. */
  less: string | undefined
  holds(value: number): boolean
}

const relations: Record<string, (value: number, bound: number) => boolean> = {
  '>=': (value, bound) => value >= bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '<': (value, bound) => value < bound,
}

/** `grpo - start >= 15`, `sft >= 40`; a minus between arms stands between spaces. @throws HoneError for anything else, and for an arm that there is not */
export function readBar(text: string, arms: readonly string[], at: string): Bar {
  const [, arm = '', less, relation = '', bound] =
    /^\s*(\S+)(?:\s+-\s+(\S+))?\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text) ?? []
  if (bound === undefined)
    throw new HoneError(`Cannot read the bar "${text}"`, { at, hint: 'write such as "grpo - start >= 15", in points' })
  for (const name of [arm, ...(less === undefined ? [] : [less])])
    if (!arms.includes(name)) throw unknownName('arm', name, arms, { at })
  return { text, arm, less, holds: (value) => relations[relation]!(value, Number(bound)) }
}
