// The table of rewards: a family is one row, its variants are columns of its own file.
import type { Mode, Sample, Verdict } from './reward.ts'
import { scoreToolN1Strict } from './tool-n1-strict.ts'
import { scoreToolN1, VARIANTS } from './tool-n1.ts'
import { parseMode, SWITCHES } from './toolrl-modes.ts'
import { scoreToolRl } from './toolrl.ts'

export interface Family {
  what: string
  /** Variant → what it rewards; the first one is meant where none is named. */
  variants: Record<string, { what: string }>
  /** The scoring function of a variant, which never throws; undefined where there is no such variant. */
  scorer(variant: string, mode: Mode): ((sample: Sample) => Verdict) | undefined
}

export const families: Record<string, Family> = {
  'tool-n1': {
    what: 'Tool-N1: think tags, one list of calls, exact match',
    variants: VARIANTS,
    scorer(name, mode) {
      const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
      if (!variant) return undefined
      return mode === 'strict'
        ? (sample) => scoreToolN1Strict(sample, variant)
        : (sample) => scoreToolN1(sample, variant)
    },
  },
  toolrl: {
    what: 'ToolRL: format, and partial credit for names, parameters and values',
    variants: { default: { what: 'format 0 to 1, correctness -3 to 3' }, ...SWITCHES },
    scorer(name, mode) {
      const parsed = parseMode(name)
      if (!parsed) return undefined
      const { switches, step } = parsed
      return (sample) => scoreToolRl(step === undefined ? sample : { ...sample, step }, switches, mode)
    },
  },
}
