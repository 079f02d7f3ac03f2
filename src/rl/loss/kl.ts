// Estimators of the KL divergence from the reference policy: per-token value and slope, as a table.
import * as v from 'valibot'
import { atLeast, begins, count, names, positive, say, share, type Settings } from '../../text/setting.ts'

/** With d = logprob − reference: the estimate and its derivative by logprob. */
export interface KlRow {
  what: string
  estimate(difference: number): { value: number; slope: number }
}

/** http://joschu.net/blog/kl-approx.html names k1, k2, k3; a plus takes its gradient from k2 (verl kl_penalty). */
export const klEstimators = {
  k1: { what: 'd: unbiased, may be negative', estimate: (d) => ({ value: d, slope: 1 }) },
  abs: { what: '|d|', estimate: (d) => ({ value: Math.abs(d), slope: Math.sign(d) }) },
  k2: { what: 'd²/2: its gradient is that of the KL', estimate: (d) => ({ value: (d * d) / 2, slope: d }) },
  k3: {
    what: 'exp(−d) + d − 1: unbiased, low variance, never negative',
    estimate: (d) => ({ value: Math.exp(-d) + d - 1, slope: 1 - Math.exp(-d) }),
  },
  'k1+': { what: 'value of k1, gradient of k2', estimate: (d) => ({ value: d, slope: d }) },
  'k3+': { what: 'value of k3, gradient of k2', estimate: (d) => ({ value: Math.exp(-d) + d - 1, slope: d }) },
} satisfies Record<string, KlRow>

export type KlName = keyof typeof klEstimators

export const klSettings = {
  klCoefficient: begins(
    'KL',
    say(
      v.optional(atLeast(0), 0.001),
      'weight of the KL from the model that training began with',
      'beta',
      'kl_loss_coef',
      'kl_coef',
    ),
  ),
  klEstimator: say(v.optional(names(klEstimators), 'k3'), 'estimator of the KL', 'kl_loss_type'),
  klClamp: say(v.optional(v.nullable(positive()), 10), 'largest estimate of one token; none = no limit, as in TRL'),
  klIn: say(v.optional(v.picklist(['loss', 'reward']), 'loss'), 'where the KL is charged'),
  maxKl: say(
    v.optional(v.nullable(positive()), null),
    'the run stops, exit 1, when the mean kl of a step is above this',
  ),
  referenceMix: say(
    v.optional(share(), 0),
    'share of the policy that the reference takes on; 0 stays with the model that training began with, 1 copies the policy',
    'ref_model_mixup_alpha',
  ),
  referenceEvery: say(
    v.optional(count(), 1),
    'steps between such takings: 1 with a small share is a moving average',
    'ref_model_sync_steps',
  ),
  klWeighted: say(v.optional(v.boolean(), false), 'weigh the KL by the ratio', 'use_bias_correction_kl'),
}
export type KlOptions = Settings<typeof klSettings>

/** The KL term as it is charged, in symbols. */
export function klFormula({
  klCoefficient,
  klEstimator,
  klClamp,
  klWeighted,
  referenceMix: mix,
  referenceEvery: every,
}: KlOptions): string {
  const clamp = klClamp === null ? '' : ` clamped at ±${klClamp}`
  return `${klCoefficient}·${klWeighted ? 'ρ·' : ''}${klEstimator}(π‖π₀)${clamp}${mix === 0 ? '' : `, π₀ ← π₀ + ${mix}·(π − π₀) every ${every} steps`}`
}

/** The estimate kept within ±limit; beyond it the gradient is zero, as torch.clamp has it. `clamped` says that the limit was met. */
export function klEstimate(name: KlName, difference: number, limit: number | null) {
  const { value, slope } = klEstimators[name].estimate(difference)
  if (limit === null || Math.abs(value) <= limit) return { value, slope, clamped: false }
  return { value: Math.sign(value) * limit, slope: 0, clamped: true }
}
