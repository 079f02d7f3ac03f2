// How token losses become one number: the weight of a token in each way of averaging, as a table.

/** What an optimizer step, and the micro-batch of it at hand, hold. Groups dropped for want of variance still count. */
export interface Counts {
  /** Completion tokens of the optimizer step whose loss counts. */
  tokens: number
  /** Completions of the optimizer step. */
  sequences: number
  microTokens: number
  microSequences: number
}

export interface AggregationRow {
  what: string
  /** What stands before the loss of a token, in words. */
  formula(maxCompletionLength: number): string
  /** Weight of each token of a completion of `length` tokens. Sums of weighted losses over micro-batches give the step's loss. */
  weight(length: number, counts: Counts, maxCompletionLength: number): number
}

/** All but micro-batch have denominators of the whole optimizer step: the result does not depend on how micro-batches are cut. */
export const aggregations = {
  token: {
    what: 'mean over all tokens (DAPO; verl token-mean; TRL dapo)',
    formula: () => 'mean over the tokens of the optimizer step',
    weight: (_, { tokens }) => 1 / Math.max(tokens, 1),
  },
  sequence: {
    what: 'mean over completions of the mean over their tokens (GRPO; TRL grpo)',
    formula: () => 'mean over completions of the mean over tokens',
    weight: (length, { sequences }) => 1 / (Math.max(length, 1) * sequences),
  },
  'sequence-sum': {
    what: 'mean over completions of the sum over their tokens (TRL luspo)',
    formula: () => 'mean over completions of the sum over tokens',
    weight: (_, { sequences }) => 1 / sequences,
  },
  constant: {
    what: 'sum over tokens, divided by completions times the length limit (Dr.GRPO, arXiv 2503.20783)',
    formula: (maxCompletionLength) => `sum over tokens / (completions · ${maxCompletionLength})`,
    weight: (_, { sequences }, maxCompletionLength) => 1 / (sequences * maxCompletionLength),
  },
  'token-sum': {
    what: 'sum over tokens / 1000 (NFT with a ratio per token): a larger step has a larger gradient',
    formula: () => 'sum over tokens / 1000',
    weight: () => 1 / 1000,
  },
  'sequence-total': {
    what: 'sum over completions of the mean over their tokens (NFT with a ratio per completion)',
    formula: () => 'sum over completions of the mean over tokens',
    weight: (length) => 1 / Math.max(length, 1),
  },
  'micro-batch': {
    what: "mean over the tokens of each micro-batch, micro-batches weighted by completions, as Tool-N1's trainer has it",
    formula: () => 'mean over micro-batches, by their completions, of the mean over their tokens',
    weight: (_, { microTokens, microSequences, sequences }) => microSequences / (sequences * Math.max(microTokens, 1)),
  },
} satisfies Record<string, AggregationRow>

export type AggregationName = keyof typeof aggregations
