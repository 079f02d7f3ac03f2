// Objectives on pairs, a text to prefer over another under one prompt, as a table: value and slopes by their log-probs.
import * as v from 'valibot'
import { positive, say, type Settings } from '../../text/setting.ts'

/** Settings that objectives on pairs have of their own; a row names those that not all of them read. */
export const pairSettings = {
  /** β in the papers: the weight of the KL in the objective that these solve in closed form. */
  klCoefficient: say(
    v.optional(positive(), 0.1),
    'weight of the KL from the reference that the objective stands for',
    'beta',
  ),
  labelSmoothing: say(
    v.optional(
      v.pipe(
        v.number(),
        v.minValue(0),
        v.check((value) => value < 0.5, 'a number below 0.5'),
      ),
      0,
    ),
    'share of the pairs that are taken to be the wrong way round',
  ),
}
export type PairOptions = Settings<typeof pairSettings>

/** One text of a pair: its log-prob summed over its own tokens, under the policy and under the reference. */
export interface Text {
  logps: number
  reference: number
  tokens: number
}

export interface PairLoss {
  loss: number
  /** d loss / d log-prob of the text. */
  byChosen: number
  byRejected: number
}

export interface PairLossRow {
  what: string
  /** The loss of a pair in symbols, of Δ = log π/π₀ of the chosen text less that of the rejected one. */
  formula(options: PairOptions): string
  /** Settings that have an effect on it. */
  reads: readonly (keyof PairOptions)[]
  loss(chosen: Text, rejected: Text, options: PairOptions): PairLoss
}

/** Names as TRL has them, where it has them. */
export const pairLosses = {
  sigmoid: {
    what: 'the likelihood of the preference, of which a share may be mistaken (arXiv 2305.18290 eq. 7; conservative DPO)',
    formula: ({ klCoefficient: beta, labelSmoothing: e }) =>
      e === 0 ? `−log σ(${beta}·Δ)` : `−${1 - e}·log σ(${beta}·Δ) − ${e}·log σ(−${beta}·Δ)`,
    reads: ['labelSmoothing'],
    loss: byMargin(({ labelSmoothing: e }) => (x) => ({
      loss: (1 - e) * softplus(-x) + e * softplus(x),
      slope: -(1 - e) * sigmoid(-x) + e * sigmoid(x),
    })),
  },
  robust: {
    what: 'the same without the bias that mistaken preferences bring (arXiv 2403.00409)',
    formula: ({ klCoefficient: beta, labelSmoothing: e }) =>
      `(−${1 - e}·log σ(${beta}·Δ) + ${e}·log σ(−${beta}·Δ)) / ${Number((1 - 2 * e).toPrecision(6))}`,
    reads: ['labelSmoothing'],
    loss: byMargin(({ labelSmoothing: e }) => (x) => ({
      loss: ((1 - e) * softplus(-x) - e * softplus(x)) / (1 - 2 * e),
      slope: (-(1 - e) * sigmoid(-x) - e * sigmoid(x)) / (1 - 2 * e),
    })),
  },
  hinge: {
    what: 'none beyond a margin of 1 (arXiv 2305.10425)',
    formula: ({ klCoefficient: beta }) => `max(0, 1 − ${beta}·Δ)`,
    reads: [],
    loss: byMargin(() => (x) => (x < 1 ? { loss: 1 - x, slope: -1 } : { loss: 0, slope: 0 })),
  },
  ipo: {
    what: 'a margin of 1 / 2β between means over the tokens (arXiv 2310.12036 eq. 17, by length as TRL has it)',
    formula: ({ klCoefficient: beta }) => `(Δ per token − ${1 / (2 * beta)})²`,
    reads: [],
    loss: (chosen, rejected, { klCoefficient: beta }) =>
      squared(chosen, rejected, { beta, chosenTokens: chosen.tokens, rejectedTokens: rejected.tokens }),
  },
  'ipo-sum': {
    what: 'a margin of 1 / 2β between sums over the tokens (arXiv 2310.12036 eq. 17)',
    formula: ({ klCoefficient: beta }) => `(Δ − ${1 / (2 * beta)})²`,
    reads: [],
    loss: (chosen, rejected, { klCoefficient: beta }) =>
      squared(chosen, rejected, { beta, chosenTokens: 1, rejectedTokens: 1 }),
  },
} satisfies Record<string, PairLossRow>

export type PairLossName = keyof typeof pairLosses

/** What the policy earns with a text beyond the reference: β·log π/π₀. */
export const rewardOf = ({ logps, reference }: Text, beta: number): number => beta * (logps - reference)

/** An objective of the margin x = β·Δ alone. */
function byMargin(
  objective: (options: PairOptions) => (x: number) => { loss: number; slope: number },
): PairLossRow['loss'] {
  return (chosen, rejected, options) => {
    const { klCoefficient: beta } = options
    const { loss, slope } = objective(options)(rewardOf(chosen, beta) - rewardOf(rejected, beta))
    return { loss, byChosen: beta * slope, byRejected: -beta * slope }
  }
}

function squared(
  chosen: Text,
  rejected: Text,
  { beta, chosenTokens, rejectedTokens }: { beta: number; chosenTokens: number; rejectedTokens: number },
): PairLoss {
  const off =
    (chosen.logps - chosen.reference) / chosenTokens -
    (rejected.logps - rejected.reference) / rejectedTokens -
    1 / (2 * beta)
  return { loss: off ** 2, byChosen: (2 * off) / chosenTokens, byRejected: (-2 * off) / rejectedTokens }
}

/** log(1 + eˣ) = −log σ(−x), without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
