// Advantages: how much better each completion was than what it is compared with. A table of estimators, in float64.

export interface AdvantageOptions {
  /** Added to the standard deviation that divides (Tool-N1 and verl 1e-6, TRL 1e-4). */
  epsilon: number
  /** What divides: the standard deviation of the group, that of the whole batch, or nothing (Dr.GRPO). */
  scale: 'group' | 'batch' | 'none'
}

/** rewards[group][completion], and as many completion lengths in tokens. */
export interface Rewarded {
  rewards: readonly (readonly number[])[]
  lengths: readonly (readonly number[])[]
}

export interface AdvantageRow {
  what: string
  compute(batch: Rewarded, options: AdvantageOptions): number[][]
}

/** Names follow TRL and verl. */
export const advantages = {
  grpo: {
    what: 'reward minus the group mean, over the standard deviation (arXiv 2402.03300 eq. 1)',
    compute: ({ rewards }, options) => {
      const batchDeviation = options.scale === 'batch' ? deviation(rewards.flat()) : 0
      return rewards.map((group) => {
        // A group of one has mean 0 and deviation 1: its reward stays (Tool-N1 core_algos.py, compute_grpo_outcome_advantage).
        const alone = group.length === 1
        const centered = alone ? [...group] : centre(group)
        if (options.scale === 'none') return centered
        const scale = options.scale === 'batch' ? batchDeviation : alone ? 1 : deviation(group)
        return centered.map((value) => value / (scale + options.epsilon))
      })
    },
  },
  rloo: {
    what: 'reward minus the mean of the other completions of the group (arXiv 2402.14740)',
    compute: ({ rewards }) =>
      rewards.map((group) => {
        const others = group.length - 1
        return others === 0 ? [...group] : centre(group).map((value) => (value * group.length) / others)
      }),
  },
  opo: {
    what: 'reward minus the length-weighted mean of the group, the optimal baseline (arXiv 2505.23585)',
    compute: ({ rewards, lengths }) =>
      rewards.map((group, g) => {
        if (isConstant(group)) return group.map(() => 0)
        const weights = lengths[g]!
        const baseline = sum(group.map((reward, i) => reward * weights[i]!)) / sum(weights)
        return group.map((reward) => reward - baseline)
      }),
  },
  'reinforce++': {
    what: 'reward whitened over all tokens of the batch (arXiv 2501.03262)',
    compute: ({ rewards, lengths }) => whiten(rewards, lengths),
  },
  'reinforce++-baseline': {
    what: 'reward minus the group mean, then whitened over all tokens of the batch (arXiv 2501.03262)',
    compute: ({ rewards, lengths }) =>
      whiten(
        rewards.map((group) => (group.length === 1 ? [...group] : centre(group))),
        lengths,
      ),
  },
} satisfies Record<string, AdvantageRow>

export type AdvantageName = keyof typeof advantages

/** True where every value is the same number: such a group says nothing about which completion is better. */
export function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}

/** Values minus their mean; exactly zero where they are all the same number (rounding would leave a phantom signal). */
function centre(values: readonly number[]): number[] {
  if (isConstant(values)) return values.map(() => 0)
  const mean = sum(values) / values.length
  return values.map((value) => value - mean)
}

/** Sample standard deviation, n − 1 in the denominator; 0 for fewer than two values. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0
  return Math.sqrt(sum(centre(values).map((value) => value * value)) / (values.length - 1))
}

/** Zero mean and unit variance over tokens, each completion counted once per token (verl masked_whiten, 1e-8 under the root). */
function whiten(values: readonly (readonly number[])[], lengths: readonly (readonly number[])[]): number[][] {
  if (isConstant(values.flat())) return values.map((group) => group.map(() => 0))
  const weights = lengths.flat()
  const tokens = sum(weights)
  const mean = sum(values.flat().map((value, i) => value * weights[i]!)) / tokens
  const variance = sum(values.flat().map((value, i) => (value - mean) ** 2 * weights[i]!)) / (tokens - 1)
  return values.map((group) => group.map((value) => (value - mean) / Math.sqrt(variance + 1e-8)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
