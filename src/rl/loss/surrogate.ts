// Policy objectives: from the ratios of new to old probability and the advantage to the loss of a completion, as a table.
import * as v from 'valibot'
import { above, atLeast, count, positive, say, type Settings } from '../../text/setting.ts'

/** Settings that objectives have of their own; a row names those that it reads. */
export const surrogateSettings = {
  clipLow: say(
    v.optional(atLeast(0), 0.2),
    'ratios below 1 − this are clipped; CISPO has no lower bound',
    'clip_ratio_low',
  ),
  clipHigh: say(v.optional(atLeast(0), 0.2), 'ratios above 1 + this are clipped', 'epsilon_high', 'clip_ratio_high'),
  dualClip: say(v.optional(v.nullable(above(1)), null), 'largest ratio that counts', 'delta', 'clip_ratio_c'),
  sapoPositive: say(v.optional(positive(), 1), 'steepness for positive advantages', 'sapo_temperature_pos'),
  sapoNegative: say(v.optional(positive(), 1.05), 'steepness for other advantages', 'sapo_temperature_neg'),
  nftNormalize: say(
    v.optional(count(0, 2), 1),
    'of c, the share of right answers: 0 weighs nothing, 1 by 1 − c as Dr.GRPO does, 2 by √((1 − c)/c) as GRPO does',
  ),
  nftNegative: say(
    v.optional(atLeast(0), 1),
    'weight of wrong answers; 0 is rejection-sampling fine-tuning',
    'neg_weight',
  ),
}
export type SurrogateOptions = Settings<typeof surrogateSettings>

/** A completion of T tokens as an objective sees it. */
export interface Weighed {
  logprobs: ArrayLike<number>
  ratios: ArrayLike<number>
  advantages: ArrayLike<number>
  /** Whether it earned more than nothing, and the share of its group that did. */
  right: boolean
  rate: number
  /** Weight of each token in the loss of the optimizer step; 0 where the objective passes over it. */
  weights: ArrayLike<number>
}

/** The weighted loss of a completion, its derivatives by log ratio and by log-prob per token, and how many tokens a bound stopped. */
export interface SequenceLoss {
  loss: number
  byLogRatio: Float64Array
  byLogprob: Float64Array
  clippedLow: number
  clippedHigh: number
}

export interface SurrogateRow {
  what: string
  /** The loss of a token in symbols. */
  formula(options: SurrogateOptions): string
  /** Settings that have an effect on it. */
  reads: readonly (keyof SurrogateOptions | 'ratio')[]
  /** It looks at what is right and not at advantages. */
  plain?: boolean
  loss(sequence: Weighed, options: SurrogateOptions): SequenceLoss
}

export const surrogates = {
  clip: {
    what: 'the clipped objective of PPO (arXiv 1707.06347 eq. 7)',
    formula: ({ clipLow, clipHigh, dualClip }) =>
      `max(−${dualClip === null ? 'ρ' : `min(ρ, ${dualClip})`}·A, −clip(ρ, ${bound(1 - clipLow)}, ${bound(1 + clipHigh)})·A)`,
    reads: ['ratio', 'clipLow', 'clipHigh', 'dualClip'],
    loss: eachToken(({ ratio, advantage }, { clipLow, clipHigh, dualClip }) => {
      const most = dualClip ?? Infinity
      const free = -Math.min(ratio, most) * advantage
      const bounded = -Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh) * advantage
      const clipped = bounded > free ? (advantage > 0 ? 1 : -1) : 0
      const flows = clipped === 0 && ratio <= most
      return { loss: Math.max(free, bounded), byLogRatio: flows ? -ratio * advantage : 0, clipped }
    }),
  },
  cispo: {
    what: 'log-prob weighted by the bounded ratio, which carries no gradient (arXiv 2506.13585)',
    formula: ({ clipHigh }) => `−stop(min(ρ, ${bound(1 + clipHigh)}))·A·log π`,
    reads: ['ratio', 'clipHigh'],
    loss: eachToken(({ ratio, advantage, logprob }, { clipHigh }) => {
      const weight = Math.min(ratio, 1 + clipHigh) * advantage
      return { loss: -weight * logprob, byLogprob: -weight, clipped: advantage > 0 && ratio > 1 + clipHigh ? 1 : 0 }
    }),
  },
  sapo: {
    what: 'a smooth gate instead of a clip (arXiv 2511.20347)',
    formula: ({ sapoPositive, sapoNegative }) =>
      `−4/τ·σ(τ(ρ − 1))·A, τ = ${sapoPositive} for A > 0, else ${sapoNegative}`,
    reads: ['ratio', 'sapoPositive', 'sapoNegative'],
    loss: eachToken(({ ratio, advantage }, { sapoPositive, sapoNegative }) => {
      const steepness = advantage > 0 ? sapoPositive : sapoNegative
      const gate = 1 / (1 + Math.exp(-steepness * (ratio - 1)))
      return { loss: (-4 * advantage * gate) / steepness, byLogRatio: -4 * advantage * gate * (1 - gate) * ratio }
    }),
  },
  reinforce: {
    what: 'log-prob times advantage, no ratio: on-policy only',
    formula: () => '−A·log π',
    reads: [],
    loss: eachToken(({ advantage, logprob }) => ({ loss: -advantage * logprob, byLogprob: -advantage })),
  },
  nft: {
    what: 'likelihood of right answers, and of wrong ones under the policy that is left when right ones are taken out (arXiv 2505.18116)',
    formula: ({ nftNormalize, nftNegative }) =>
      `${['', '(1 − c)·', '√((1 − c)/c)·'][nftNormalize]}{ −log ρ if right, else ${nftNegative === 1 ? '' : `${nftNegative}·`}−log max((1 − c·ρ)/(1 − c), 1) }, c = the share of right answers in the group, from 0.02 to 0.98`,
    reads: ['ratio', 'nftNormalize', 'nftNegative'],
    plain: true,
    loss: eachToken(({ ratio, right, rate }, { nftNormalize, nftNegative }) => {
      const share = Math.min(Math.max(rate, 0.02), 0.98)
      const scale = [1, 1 - share, Math.sqrt((1 - share) / share)][nftNormalize]!
      const bounded = Math.min(ratio, MOST)
      const flows = ratio <= MOST ? 1 : 0
      if (right) return { loss: -scale * Math.log(bounded), byLogRatio: -scale * flows }
      // The bound of what is left passes the gradient on.
      const left = Math.max((1 - share * bounded) / (1 - share), 1)
      const slope = (share * bounded) / ((1 - share) * left)
      return { loss: -scale * nftNegative * Math.log(left), byLogRatio: scale * nftNegative * slope * flows }
    }),
  },
} satisfies Record<string, SurrogateRow>

/** The largest ratio that NFT takes. */
const MOST = Math.exp(10)

export type SurrogateName = keyof typeof surrogates

/** Loss of one token, its derivatives, and which bound stopped it: −1 low, 1 high. */
interface TokenLoss {
  loss: number
  byLogRatio?: number
  byLogprob?: number
  clipped?: -1 | 0 | 1
}

type TokenObjective = (
  token: { ratio: number; advantage: number; logprob: number; right: boolean; rate: number },
  options: SurrogateOptions,
) => TokenLoss

/** An objective that is a weighted sum over tokens. */
function eachToken(objective: TokenObjective): SurrogateRow['loss'] {
  return ({ logprobs, ratios, advantages, weights, right, rate }, options) => {
    const T = logprobs.length
    const [byLogRatio, byLogprob] = [new Float64Array(T), new Float64Array(T)]
    const sum = { loss: 0, byLogRatio, byLogprob, clippedLow: 0, clippedHigh: 0 }
    for (let t = 0; t < T; t++) {
      const token = objective(
        { ratio: ratios[t]!, advantage: advantages[t]!, logprob: logprobs[t]!, right, rate },
        options,
      )
      sum.loss += weights[t]! * token.loss
      byLogRatio[t] = weights[t]! * (token.byLogRatio ?? 0)
      byLogprob[t] = weights[t]! * (token.byLogprob ?? 0)
      if (token.clipped === -1) sum.clippedLow++
      if (token.clipped === 1) sum.clippedHigh++
    }
    return sum
  }
}

/** 1 ± a setting without the noise of its last digits. */
function bound(value: number): number {
  return Number(value.toPrecision(6))
}
