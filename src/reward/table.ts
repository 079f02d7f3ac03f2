// The table of rewards: a family is one row, its variants are columns of its own file.
import type { Mode, Sample, Verdict } from './reward.ts'
import { scoreToolN1Strict } from './tool-n1-strict.ts'
import { scoreToolN1, VARIANTS } from './tool-n1.ts'

export interface Family {
  what: string
  /** Variant → what it rewards; the first one is meant where none is named. */
  variants: Record<string, { what: string }>
  /** The scoring function of a variant. It never throws. */
  scorer(variant: string, mode: Mode): (sample: Sample) => Verdict
}

export const families: Record<string, Family> = {
  'tool-n1': {
    what: 'Tool-N1: think tags, one list of calls, exact match',
    variants: VARIANTS,
    scorer(name, mode) {
      const variant = VARIANTS[name]!
      return mode === 'strict'
        ? (sample) => scoreToolN1Strict(sample, variant)
        : (sample) => scoreToolN1(sample, variant)
    },
  },
}
