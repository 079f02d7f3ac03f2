// Policy objectives: from the ratio of new to old probability and the advantage to a loss per token, as tables.

export interface SurrogateOptions {
  /** Ratios below 1 − clipLow and above 1 + clipHigh are clipped. */
  clipLow: number
  clipHigh: number
  /** Largest ratio of the unclipped branch (dual clip, TRL's delta); Infinity = none. */
  dualClip: number
  /** Steepness of SAPO's gate for positive and for other advantages. */
  sapoPositive: number
  sapoNegative: number
}

/** Loss of one token, its derivative by log ratio and by log-prob, and which bound stopped it: −1 low, 1 high, 0 none. */
export interface TokenLoss {
  loss: number
  byLogRatio: number
  byLogprob: number
  clipped: -1 | 0 | 1
}

export interface SurrogateRow {
  what: string
  loss(ratio: number, advantage: number, logprob: number, options: SurrogateOptions): TokenLoss
}

export const surrogates = {
  clip: {
    what: 'the clipped objective of PPO (arXiv 1707.06347 eq. 7)',
    loss: (ratio, advantage, _, { clipLow, clipHigh, dualClip }) => {
      const free = -Math.min(ratio, dualClip) * advantage
      const bounded = -Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh) * advantage
      const clipped = bounded > free ? (advantage > 0 ? 1 : -1) : 0
      const flows = clipped === 0 && ratio <= dualClip
      return { loss: Math.max(free, bounded), byLogRatio: flows ? -ratio * advantage : 0, byLogprob: 0, clipped }
    },
  },
  cispo: {
    what: 'log-prob weighted by the bounded ratio, which carries no gradient (arXiv 2506.13585)',
    loss: (ratio, advantage, logprob, { clipHigh }) => {
      const weight = Math.min(ratio, 1 + clipHigh) * advantage
      const clipped = advantage > 0 && ratio > 1 + clipHigh ? 1 : 0
      return { loss: -weight * logprob, byLogRatio: 0, byLogprob: -weight, clipped }
    },
  },
  sapo: {
    what: 'a smooth gate instead of a clip (arXiv 2511.20347)',
    loss: (ratio, advantage, _, { sapoPositive, sapoNegative }) => {
      const steepness = advantage > 0 ? sapoPositive : sapoNegative
      const gate = 1 / (1 + Math.exp(-steepness * (ratio - 1)))
      const byLogRatio = -4 * advantage * gate * (1 - gate) * ratio
      return { loss: (-4 * advantage * gate) / steepness, byLogRatio, byLogprob: 0, clipped: 0 }
    },
  },
  reinforce: {
    what: 'log-prob times advantage, no ratio: on-policy only',
    loss: (_ratio, advantage, logprob) => ({
      loss: -advantage * logprob,
      byLogRatio: 0,
      byLogprob: -advantage,
      clipped: 0,
    }),
  },
} satisfies Record<string, SurrogateRow>

export type SurrogateName = keyof typeof surrogates

export interface RatioRow {
  what: string
  /** One ratio for the whole completion; clipping is then counted per completion. */
  whole: boolean
  /** logprob − old per token → log ratio per token. */
  logRatios(differences: Float64Array): Float64Array
  /** Gradient by log ratio → gradient by log-prob. */
  pullBack(gradient: Float64Array): Float64Array
}

export const ratios = {
  token: { what: 'a ratio per token', whole: false, logRatios: (d) => d, pullBack: (g) => g },
  sequence: {
    what: "the geometric mean over the completion's tokens (GSPO, arXiv 2507.18071 eq. 7)",
    whole: true,
    logRatios: (d) => d.map(constant(mean(d))),
    pullBack: (g) => g.map(constant(mean(g))),
  },
  'sequence-token': {
    what: 'the value of sequence, with the gradient of each token through itself alone (GSPO-token)',
    whole: true,
    logRatios: (d) => d.map(constant(mean(d))),
    pullBack: (g) => g,
  },
  product: {
    what: "the ratio of the whole completion's probabilities (RLOO)",
    whole: true,
    logRatios: (d) => d.map(constant(total(d))),
    pullBack: (g) => g.map(constant(total(g))),
  },
} satisfies Record<string, RatioRow>

export type RatioName = keyof typeof ratios

const constant = (value: number) => () => value
const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)
const mean = (values: Float64Array): number => (values.length === 0 ? 0 : total(values) / values.length)
