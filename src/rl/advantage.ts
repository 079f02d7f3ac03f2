// Advantages: how much better each completion was than what it is compared with. A table of estimators, in float64.
import * as v from 'valibot'
import { deviation, mean, sum } from '../eval/statistics.ts'
import { atLeast, say, share, type Settings } from '../text/setting.ts'
import { gae } from './gae.ts'
import { discountedTurns, sameStates, sameTurns, type Turned } from './turns.ts'

/** Settings that estimators have of their own; a row names those that it reads. */
export const advantageSettings = {
  /** Tool-N1 and verl 1e-6, TRL 1e-4. */
  advantageEpsilon: say(v.optional(atLeast(0), 1e-6), 'added to the standard deviation'),
  /** Dr.GRPO divides by nothing. */
  scaleRewards: say(v.optional(v.picklist(['group', 'batch', 'none']), 'group'), 'standard deviation that divides'),
  gamma: say(v.optional(share(), 1), 'what the next token, or turn, counts for the one before it'),
  gaeLambda: say(v.optional(share(), 1), '0 trusts the values of the critic, 1 the rewards', 'lam'),
  turnWeight: say(
    v.optional(atLeast(0), 1),
    'what the comparison of turns counts beside that of whole episodes',
    'turn_advantage_coef',
    'step_advantage_w',
  ),
}
export type AdvantageOptions = Settings<typeof advantageSettings>

/** rewards[group][completion], and as many lengths in own tokens, of which there may be none. */
export interface Rewarded {
  rewards: readonly (readonly number[])[]
  lengths: readonly (readonly number[])[]
  /** The named parts of each reward, and what each weighs, 1 unless given. */
  parts?: readonly (readonly Readonly<Record<string, number | null>>[])[]
  weights?: Readonly<Record<string, number>>
  /** Of each group, what its prompt's likeliest completion earns. */
  baselines?: readonly number[]
}

/** Per completion and own token. */
export interface Valued {
  rewards: readonly (readonly number[])[]
  values: readonly ArrayLike<number>[]
}

export interface Estimated {
  advantages: number[][]
  /** What the critic is to say. */
  returns: number[][]
}

export interface AdvantageRow {
  what: string
  /** A in symbols. */
  formula(options: AdvantageOptions): string
  /** Settings that have an effect on it. */
  reads: readonly (keyof AdvantageOptions)[]
  /** It needs what the likeliest completion of each prompt earns. */
  greedy?: boolean
  compute?(batch: Rewarded, options: AdvantageOptions): number[][]
  /** From what each own token of each completion returns, where a charge on tokens is one on those from it on. */
  computeTokens?(returns: readonly (readonly number[])[]): number[][]
  /** From what each turn of the model earned in episodes, per turn. */
  computeTurns?(batch: Turned, options: AdvantageOptions): number[][][]
  /** From the reward and the critic's value of each own token of each completion: a run with it has a critic. */
  computeValues?(batch: Valued, options: AdvantageOptions): Estimated
}

/** Names follow TRL and verl. */
export const advantages = {
  grpo: {
    what: 'reward minus the group mean, over the standard deviation (arXiv 2402.03300 eq. 1); of episodes the outcome, for every turn',
    formula: ({ scaleRewards, advantageEpsilon }) =>
      `(r − mean of the group)${scaleRewards === 'none' ? '' : ` / (std of the ${scaleRewards} + ${advantageEpsilon})`}`,
    reads: ['scaleRewards', 'advantageEpsilon'],
    compute: ({ rewards }, { scaleRewards, advantageEpsilon }) => {
      const batchDeviation = scaleRewards === 'batch' ? deviation(rewards.flat()) : 0
      return rewards.map((group) => {
        // A group of one has mean 0 and deviation 1: its reward stays (Tool-N1 core_algos.py, compute_grpo_outcome_advantage).
        const alone = group.length === 1
        const centered = alone ? [...group] : centre(group)
        if (scaleRewards === 'none') return centered
        const scale = scaleRewards === 'batch' ? batchDeviation : alone ? 1 : deviation(group)
        // Without an epsilon, a group whose rewards are all equal would be 0 / 0.
        return centered.map((value) => (value === 0 ? 0 : value / (scale + advantageEpsilon)))
      })
    },
  },
  rloo: {
    what: 'reward minus the mean of the other completions of the group (arXiv 2402.14740)',
    formula: () => 'r − mean of the others of the group',
    reads: [],
    compute: ({ rewards }) =>
      rewards.map((group) => {
        const others = group.length - 1
        return others === 0 ? [...group] : centre(group).map((value) => (value * group.length) / others)
      }),
  },
  opo: {
    what: 'reward minus the length-weighted mean of the group, the optimal baseline (arXiv 2505.23585)',
    formula: () => 'r − length-weighted mean of the group',
    reads: [],
    compute: ({ rewards, lengths }) =>
      rewards.map((group, g) => {
        if (isConstant(group)) return group.map(() => 0)
        const weights = lengths[g]!
        const baseline = sum(group.map((reward, i) => reward * weights[i]!)) / Math.max(sum(weights), 1)
        return group.map((reward) => reward - baseline)
      }),
  },
  'reinforce++': {
    what: 'reward whitened over all tokens of the batch (arXiv 2501.03262)',
    formula: () => 'r less the KL charged to the tokens from it on, whitened over the tokens of the batch',
    reads: [],
    compute: ({ rewards, lengths }) => whiten(rewards, lengths),
    computeTokens: whitenTokens,
  },
  'reinforce++-baseline': {
    what: 'reward minus the group mean, then whitened over all tokens of the batch (arXiv 2501.03262)',
    formula: () => 'r − mean of the group, whitened over the tokens of the batch',
    reads: [],
    compute: ({ rewards, lengths }) =>
      whiten(
        rewards.map((group) => (group.length === 1 ? [...group] : centre(group))),
        lengths,
      ),
  },
  gdpo: {
    what: 'each part of the reward normalised in its group, their weighted sum over the batch (arXiv 2601.05242, TRL normalize_then_sum)',
    formula: ({ advantageEpsilon: e }) =>
      `Σ w·(part − mean of the group) / (std of the group + ${e}), less its mean over the batch / (its std + ${e})`,
    reads: ['advantageEpsilon'],
    compute: ({ rewards, parts, weights = {} }, { advantageEpsilon }) => {
      const named: NonNullable<Rewarded['parts']> = parts ?? rewards.map((group) => group.map((reward) => ({ reward })))
      const names = new Set(named.flat().flatMap((each) => Object.keys(each)))
      const sums = rewards.map((group, g) => {
        const total = group.map(() => 0)
        for (const name of names) {
          const values = named[g]!.map((each) => each[name] ?? null)
          const known = values.filter((value) => value !== null)
          if (isConstant(known)) continue
          const [middle, spread] = [mean(known), deviation(known) + advantageEpsilon]
          values.forEach((value, i) => {
            // A part that does not apply says nothing.
            if (value !== null) total[i]! += ((weights[name] ?? 1) * (value - middle)) / spread
          })
        }
        return total
      })
      const all = sums.flat()
      if (isConstant(all)) return sums.map((group) => group.map(() => 0))
      const [middle, spread] = [mean(all), deviation(all) + advantageEpsilon]
      return sums.map((group) => group.map((value) => (value - middle) / spread))
    },
  },
  'turn-discounted': {
    what: 'the rewards of a turn and of those after it, among all turns of the group; an outcome alone is told back to its turns',
    formula: ({ gamma, advantageEpsilon: e }) =>
      `(Rₖ − mean over the turns of the group) / (their std + ${e}), Rₖ = Σⱼ ${gamma}ʲ·r of turn k + j`,
    reads: ['gamma', 'advantageEpsilon'],
    computeTurns: discountedTurns,
  },
  'mt-grpo': {
    what: 'the reward of a turn among the same turns of the group, and the outcome among those of the group (arXiv 2505.11821)',
    formula: ({ turnWeight, advantageEpsilon: e }) =>
      `N(r of the last turn) + ${turnWeight}·N(r of turn k), the last turn without the second; N = (· − mean of the group) / (its std + ${e})`,
    reads: ['turnWeight', 'advantageEpsilon'],
    computeTurns: sameTurns,
  },
  gigpo: {
    what: 'the return of a turn among the turns of the group that read the same before it, and that of the episode (arXiv 2505.10978)',
    formula: ({ gamma, turnWeight, advantageEpsilon: e }) =>
      `N(Σ r) + ${turnWeight}·N(Rₖ), Rₖ = Σⱼ ${gamma}ʲ·r of turn k + j among turns with the same reading before them; N = (· − mean) / (std + ${e})`,
    reads: ['gamma', 'turnWeight', 'advantageEpsilon'],
    computeTurns: sameStates,
  },
  remax: {
    what: "reward minus that of the prompt's likeliest completion, which is sampled beside (arXiv 2310.10505)",
    formula: () => 'r − r of the greedy completion',
    reads: [],
    greedy: true,
    compute: ({ rewards, baselines = [] }) =>
      rewards.map((group, g) => group.map((reward) => reward - (baselines[g] ?? 0))),
  },
  gae: {
    what: 'rewards of tokens as a critic weighs them (arXiv 1506.02438), whitened over the tokens of the batch: PPO',
    formula: ({ gamma, gaeLambda }) =>
      `Σₖ ${Number((gamma * gaeLambda).toPrecision(6))}ᵏ·δₜ₊ₖ, δₜ = rₜ + ${gamma}·V₀ₜ₊₁ − V₀ₜ, whitened over the tokens of the batch`,
    reads: ['gamma', 'gaeLambda'],
    computeValues({ rewards, values }, options) {
      const estimated = rewards.map((tokens, i) => gae(tokens, values[i]!, options))
      const raw = estimated.map(({ advantages }) => advantages)
      return { advantages: whitenTokens(raw), returns: estimated.map(({ returns }) => returns) }
    },
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
  const middle = mean(values)
  return values.map((value) => value - middle)
}

/** Values of tokens, each of which counts once. */
function whitenTokens(values: readonly (readonly number[])[]): number[][] {
  return whiten(
    values,
    values.map((tokens) => tokens.map(() => 1)),
  )
}

/** Zero mean and unit variance over tokens, each completion counted once per token (verl masked_whiten, 1e-8 under the root). */
function whiten(values: readonly (readonly number[])[], lengths: readonly (readonly number[])[]): number[][] {
  if (isConstant(values.flat())) return values.map((group) => group.map(() => 0))
  const weights = lengths.flat()
  const tokens = sum(weights)
  const middle = sum(values.flat().map((value, i) => value * weights[i]!)) / Math.max(tokens, 1)
  const variance = sum(values.flat().map((value, i) => (value - middle) ** 2 * weights[i]!)) / Math.max(tokens - 1, 1)
  return values.map((group) => group.map((value) => (value - middle) / Math.sqrt(variance + 1e-8)))
}
