// What the ratio of new to old probability is taken over, as a table.
import { mean, sum } from '../../eval/statistics.ts'

export interface RatioRow {
  what: string
  /** ρ in symbols. */
  formula: string
  /** One ratio for the whole completion; clipping is then counted per completion. */
  whole: boolean
  /** logprob − old per token → log ratio per token. */
  logRatios(differences: Float64Array): Float64Array
  /** Gradient by log ratio → gradient by log-prob. */
  pullBack(gradient: Float64Array): Float64Array
}

export const ratios = {
  token: {
    what: 'a ratio per token',
    formula: 'π/π_old per token',
    whole: false,
    logRatios: (d) => d,
    pullBack: (g) => g,
  },
  sequence: {
    what: "the geometric mean over the completion's tokens (GSPO, arXiv 2507.18071 eq. 7)",
    formula: '(π/π_old of the completion)^(1/length)',
    whole: true,
    logRatios: (d) => d.map(constant(mean(d))),
    pullBack: (g) => g.map(constant(mean(g))),
  },
  'sequence-token': {
    what: 'the value of sequence, with the gradient of each token through itself alone (GSPO-token)',
    formula: '(π/π_old of the completion)^(1/length), with the gradient of each token through itself alone',
    whole: true,
    logRatios: (d) => d.map(constant(mean(d))),
    pullBack: (g) => g,
  },
  product: {
    what: "the ratio of the whole completion's probabilities (RLOO)",
    formula: 'π/π_old of the completion',
    whole: true,
    logRatios: (d) => d.map(constant(sum(d))),
    pullBack: (g) => g.map(constant(sum(g))),
  },
} satisfies Record<string, RatioRow>

export type RatioName = keyof typeof ratios

const constant = (value: number) => () => value
