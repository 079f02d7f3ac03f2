// The loss that a recipe means, in symbols, and the settings that have no effect on it.
import { lawOf, type TrainRecipe } from './recipe.ts'
import { computesOld } from './freeze.ts'

/** Lines for people: the loss, its advantage, and what the ratio is taken between. */
export function formulaOf(recipe: TrainRecipe): string[] {
  const { klCoefficient, klEstimator, klClamp, klIn, klWeighted, entropyCoefficient, topEntropyShare } = recipe
  const kl = `${klCoefficient}·${klWeighted ? 'ρ·' : ''}${klEstimator}(π‖π₀)${klClamp === null ? '' : ` clamped at ±${klClamp}`}`
  const terms = [
    surrogates[recipe.surrogate](recipe) +
      (topEntropyShare < 1 ? ` on the ${100 * topEntropyShare} % of tokens of highest entropy` : ''),
    ...(klCoefficient > 0 && klIn === 'loss' ? [kl] : []),
    ...(entropyCoefficient === 0 ? [] : [`(−${entropyCoefficient}·H)`]),
  ]
  return [
    `loss = ${averages[recipe.aggregation](recipe)} [ ${terms.join(' + ')} ]`,
    `A = ${estimators[recipe.advantage](recipe)}${klCoefficient > 0 && klIn === 'reward' ? `, of r − Σₜ ${kl}` : ''}`,
    `ρ = ${logRatios[recipe.ratio]}, π_old ${computesOld(recipe, lawOf(recipe)) ? 'by a forward pass over the rollouts' : 'as it was sampled'}, all at temperature ${recipe.temperature}`,
  ]
}

/** The loss of fine-tuning. */
export const SFT_FORMULA = 'loss = mean over the completion tokens of the optimizer step [ −log π ]'

type Names<Key extends keyof TrainRecipe> = Record<TrainRecipe[Key] & string, (recipe: TrainRecipe) => string>

const round = (value: number): number => Number(value.toPrecision(6))

const surrogates: Names<'surrogate'> = {
  clip: ({ clipLow, clipHigh, dualClip }) =>
    `max(−${dualClip === null ? 'ρ' : `min(ρ, ${dualClip})`}·A, −clip(ρ, ${round(1 - clipLow)}, ${round(1 + clipHigh)})·A)`,
  cispo: ({ clipHigh }) => `−stop(min(ρ, ${round(1 + clipHigh)}))·A·log π`,
  sapo: ({ sapoPositive, sapoNegative }) => `−4/τ·σ(τ(ρ − 1))·A, τ = ${sapoPositive} for A > 0, else ${sapoNegative}`,
  reinforce: () => '−A·log π',
}

const averages: Names<'aggregation'> = {
  token: () => 'mean over the tokens of the optimizer step',
  sequence: () => 'mean over completions of the mean over tokens',
  'sequence-sum': () => 'mean over completions of the sum over tokens',
  constant: ({ maxCompletionLength }) => `sum over tokens / (completions · ${maxCompletionLength})`,
  'micro-batch': () => 'mean over micro-batches, by their completions, of the mean over their tokens',
}

const divisors: Names<'scaleRewards'> = {
  group: ({ advantageEpsilon }) => ` / (std of the group + ${advantageEpsilon})`,
  batch: ({ advantageEpsilon }) => ` / (std of the batch + ${advantageEpsilon})`,
  none: () => '',
}

const estimators: Names<'advantage'> = {
  grpo: (recipe) => `(r − mean of the group)${divisors[recipe.scaleRewards](recipe)}`,
  rloo: () => 'r − mean of the others of the group',
  opo: () => 'r − length-weighted mean of the group',
  'reinforce++': () => 'r, whitened over the tokens of the batch',
  'reinforce++-baseline': () => 'r − mean of the group, whitened over the tokens of the batch',
}

const logRatios: Record<TrainRecipe['ratio'], string> = {
  token: 'π/π_old per token',
  sequence: '(π/π_old of the completion)^(1/length)',
  'sequence-token': '(π/π_old of the completion)^(1/length), with the gradient of each token through itself alone',
  product: 'π/π_old of the completion',
}

/** A setting that another one switches off. */
interface Dead {
  keys: readonly (keyof TrainRecipe)[]
  when(recipe: TrainRecipe): boolean
  because: string
}

const dead: readonly Dead[] = [
  { keys: ['clipLow'], when: ({ surrogate }) => surrogate !== 'clip', because: 'the surrogate does not clip below' },
  {
    keys: ['clipHigh'],
    when: ({ surrogate }) => surrogate !== 'clip' && surrogate !== 'cispo',
    because: 'the surrogate does not clip',
  },
  { keys: ['dualClip'], when: ({ surrogate }) => surrogate !== 'clip', because: 'the surrogate does not clip' },
  { keys: ['ratio'], when: ({ surrogate }) => surrogate === 'reinforce', because: 'the surrogate has no ratio' },
  {
    keys: ['sapoPositive', 'sapoNegative'],
    when: ({ surrogate }) => surrogate !== 'sapo',
    because: 'the surrogate is not sapo',
  },
  {
    keys: ['klEstimator', 'klClamp', 'klIn', 'klWeighted', 'maxKl'],
    when: ({ klCoefficient }) => klCoefficient === 0,
    because: 'klCoefficient is 0',
  },
  { keys: ['klWeighted'], when: ({ klIn }) => klIn === 'reward', because: 'the divergence is charged to the reward' },
  {
    keys: ['scaleRewards', 'advantageEpsilon'],
    when: ({ advantage }) => advantage !== 'grpo',
    because: 'the advantage is not grpo',
  },
  {
    keys: ['advantageEpsilon'],
    when: ({ scaleRewards }) => scaleRewards === 'none',
    because: 'nothing divides the rewards',
  },
  {
    keys: ['refillRounds'],
    when: ({ zeroVariance }) => zeroVariance !== 'refill',
    because: 'zeroVariance is not refill',
  },
  { keys: ['epochs'], when: ({ steps }) => steps !== null, because: 'steps is given' },
  { keys: ['warmupShare'], when: ({ warmupSteps }) => warmupSteps > 0, because: 'warmupSteps is given' },
  { keys: ['loraAlpha', 'loraTargets'], when: ({ loraRank }) => loraRank === 0, because: 'loraRank is 0' },
  {
    keys: ['evalEvery', 'evalAtStart', 'evalRows', 'evalReward'],
    when: ({ evalData }) => evalData.length === 0,
    because: 'there is no evalData',
  },
]

/** Settings that were given and have no effect, and why. */
export function deadSettings(recipe: TrainRecipe, origins: Record<string, string>): string[] {
  return dead.flatMap(({ keys, when, because }) =>
    when(recipe)
      ? keys.flatMap((key) => (isGiven(origins[key]) ? [`${key} has no effect: ${because} (${origins[key]})`] : []))
      : [],
  )
}

const isGiven = (origin: string | undefined): boolean =>
  origin !== undefined && origin !== 'default' && !origin.startsWith('preset ')
