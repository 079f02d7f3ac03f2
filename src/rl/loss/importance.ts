// What makes up for a sampler that is not the trainer: weights of the policy loss by the ratio of their probabilities, as a table.
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import { begins, names, positive, say, type Settings } from '../../text/setting.ts'

export interface ImportanceRow {
  what: string
  /** The weight in symbols, of ω = π_old as the trainer has it over π as it was sampled. */
  formula(cap: number): string
  /** Weight of each token, of the logarithm of its ω. */
  weights(logRatios: Float64Array, cap: number): Float64Array
}

const whole = (logRatios: Float64Array): number => Math.exp(sum(logRatios))
const truncated = (ratio: number, cap: number): number => Math.min(ratio, cap)
const masked = (ratio: number, cap: number): number => (ratio <= cap ? ratio : 0)

/** TRL's modes (vllm_importance_sampling_mode) under their names; a ratio of a completion is that of its tokens together. */
export const corrections = {
  none: {
    what: 'none: the rollouts are of the policy itself',
    formula: () => '1',
    weights: (d) => d.map(() => 1),
  },
  'token-truncate': {
    what: 'of each token, at most the cap',
    formula: (cap) => `min(ω, ${cap})`,
    weights: (d, cap) => d.map((value) => truncated(Math.exp(value), cap)),
  },
  'token-mask': {
    what: 'of each token, none beyond the cap',
    formula: (cap) => `ω·[ω ≤ ${cap}]`,
    weights: (d, cap) => d.map((value) => masked(Math.exp(value), cap)),
  },
  'sequence-truncate': {
    what: 'of the completion, at most the cap',
    formula: (cap) => `min(Πω, ${cap})`,
    weights: (d, cap) => d.map(() => truncated(whole(d), cap)),
  },
  'sequence-mask': {
    what: 'of the completion, none beyond the cap',
    formula: (cap) => `Πω·[Πω ≤ ${cap}]`,
    weights: (d, cap) => d.map(() => masked(whole(d), cap)),
  },
} satisfies Record<string, ImportanceRow>

export const importanceSettings = {
  importanceCorrection: begins(
    'Loss',
    say(
      v.optional(names(corrections), 'none'),
      'weight of rollouts that another sampler drew, such as replayed ones, by how likely the trainer finds them',
      'vllm_importance_sampling_mode',
    ),
  ),
  importanceCap: say(v.optional(positive(), 3), 'largest such weight', 'vllm_importance_sampling_cap'),
}
export type ImportanceOptions = Settings<typeof importanceSettings>
