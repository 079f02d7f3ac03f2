// Estimators of the divergence from the reference policy: per-token value and slope, as a table.

/** With d = logprob − reference: the estimate and its derivative by logprob. */
export interface KlRow {
  what: string
  estimate(difference: number): { value: number; slope: number }
}

/** http://joschu.net/blog/kl-approx.html names k1, k2, k3; a plus takes its gradient from k2 (verl kl_penalty). */
export const klEstimators = {
  k1: { what: 'd: unbiased, may be negative', estimate: (d) => ({ value: d, slope: 1 }) },
  abs: { what: '|d|', estimate: (d) => ({ value: Math.abs(d), slope: Math.sign(d) }) },
  k2: { what: 'd²/2: its gradient is that of the divergence', estimate: (d) => ({ value: (d * d) / 2, slope: d }) },
  k3: {
    what: 'exp(−d) + d − 1: unbiased, low variance, never negative',
    estimate: (d) => ({ value: Math.exp(-d) + d - 1, slope: 1 - Math.exp(-d) }),
  },
  'k1+': { what: 'value of k1, gradient of k2', estimate: (d) => ({ value: d, slope: d }) },
  'k3+': { what: 'value of k3, gradient of k2', estimate: (d) => ({ value: Math.exp(-d) + d - 1, slope: d }) },
} satisfies Record<string, KlRow>

export type KlName = keyof typeof klEstimators

/** The estimate kept within ±limit; beyond it the gradient is zero, as torch.clamp has it. `clamped` says that the limit was met. */
export function klEstimate(name: KlName, difference: number, limit: number) {
  const { value, slope } = klEstimators[name].estimate(difference)
  if (Math.abs(value) <= limit) return { value, slope, clamped: false }
  return { value: Math.sign(value) * limit, slope: 0, clamped: true }
}
