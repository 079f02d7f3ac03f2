// The loss that a recipe means, in symbols, and the settings that have no effect on it.
import { type AdvantageRow, advantages } from './advantage.ts'
import { hasEnvironment } from './environment-settings.ts'
import { computesOld } from './freeze.ts'
import { aggregations } from './loss/aggregate.ts'
import { corrections } from './loss/importance.ts'
import { klFormula } from './loss/kl.ts'
import { ratios } from './loss/ratio.ts'
import { type SurrogateRow, surrogates } from './loss/surrogate.ts'
import { valueFormula } from './loss/value.ts'
import { lawOf, type TrainRecipe } from './recipe.ts'

/** Lines for people: the loss, its advantage, and what the ratio is taken between. */
export function formulaOf(recipe: TrainRecipe): string[] {
  const { klCoefficient, klIn, entropyCoefficient, topEntropyShare, temperature } = recipe
  const kl = klFormula(recipe)
  const surrogate: SurrogateRow = surrogates[recipe.surrogate]
  const row: AdvantageRow = advantages[recipe.advantage]
  const { importanceCorrection: correction, importanceCap: cap } = recipe
  const weight = correction === 'none' ? '' : `${corrections[correction].formula(cap)}·`
  const terms = [
    weight +
      surrogate.formula(recipe) +
      (topEntropyShare < 1 ? ` on the ${100 * topEntropyShare} % of tokens of highest entropy` : ''),
    ...(klCoefficient > 0 && klIn === 'loss' ? [kl] : []),
    ...(entropyCoefficient === 0 && recipe.entropyTarget === null ? [] : [`(−${entropyCoefficient}·H)`]),
  ]
  const old = computesOld(recipe, lawOf(recipe)) ? 'by a forward pass over the rollouts' : 'as it was sampled'
  return [
    `loss = ${aggregations[recipe.aggregation].formula(recipe.maxCompletionLength)} [ ${terms.join(' + ')} ]`,
    ...(surrogate.plain
      ? []
      : [
          `A = ${advantages[recipe.advantage].formula(recipe)}${klCoefficient > 0 && klIn === 'reward' ? `, of r − Σₜ ${kl}` : ''}`,
        ]),
    ...(row.computeValues
      ? [`critic: loss = mean over the tokens of the optimizer step [ ${valueFormula(recipe.clipValue)} ]`]
      : []),
    ...steering(recipe),
    ...branching(recipe),
    `ρ = ${ratios[recipe.ratio].formula}, π_old ${old}, all at temperature ${temperature}`,
  ]
}

/** How samples become a tree. */
function branching(recipe: TrainRecipe): string[] {
  const {
    branchInitial: initial,
    branchBeam: beam,
    branchAlpha: alpha,
    branchBeta: beta,
    groupSize,
    branchAdvantage,
  } = recipe
  if (initial === null || !hasEnvironment(recipe)) return []
  return [
    `${Math.min(initial, groupSize)} of ${groupSize} completions begin at the prompt; a turn after a result becomes at most ${beam}, with P = clip(${alpha} + ${beta}·(H − H₀)/ln V, 0, 1)`,
    ...(branchAdvantage === 'hard' ? ['Aᵢₜ of a token that completions share = mean of theirs'] : []),
  ]
}

/** How coefficients move. */
function steering({ klTarget, klHorizon, entropyTarget, entropyStep }: TrainRecipe): string[] {
  return [
    ...(klTarget === null
      ? []
      : [
          `klCoefficient ← klCoefficient·(1 + clip(kl/${klTarget} − 1, ±0.2)·completions/${klHorizon}) after each step`,
        ]),
    ...(entropyTarget === null
      ? []
      : [`entropyCoefficient ± ${entropyStep} after each step: up where the entropy is below ${entropyTarget}`]),
  ]
}

/** Whether a critic learns beside the policy. */
export const hasCritic = ({ advantage }: Pick<TrainRecipe, 'advantage'>): boolean =>
  'computeValues' in advantages[advantage]

/** A setting that another one switches off. */
interface Dead {
  keys: readonly (keyof TrainRecipe)[]
  when(recipe: TrainRecipe): boolean
  because: string
}

const dead: readonly Dead[] = [
  {
    keys: ['klEstimator', 'klClamp', 'klIn', 'klWeighted', 'maxKl', 'referenceMix', 'referenceEvery'],
    when: ({ klCoefficient }) => klCoefficient === 0,
    because: 'klCoefficient is 0',
  },
  { keys: ['klWeighted'], when: ({ klIn }) => klIn === 'reward', because: 'the KL is charged to the reward' },
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
  {
    keys: ['criticModel', 'criticLearningRate', 'criticWarmup', 'clipValue'],
    when: (recipe) => !hasCritic(recipe),
    because: 'the advantage has no critic',
  },
  {
    keys: ['branchInitial', 'branchBeam', 'branchAlpha', 'branchBeta', 'branchAdvantage'],
    when: (recipe) => !hasEnvironment(recipe),
    because: 'no environment answers',
  },
  {
    keys: ['branchBeam', 'branchAlpha', 'branchBeta', 'branchAdvantage'],
    when: (recipe) => hasEnvironment(recipe) && recipe.branchInitial === null,
    because: 'branchInitial is all',
  },
  {
    keys: ['branchAdvantage'],
    when: ({ advantage }) => !('compute' in advantages[advantage]),
    because: 'the advantage speaks of turns or tokens by itself',
  },
  {
    keys: ['importanceCap'],
    when: ({ importanceCorrection }) => importanceCorrection === 'none',
    because: 'importanceCorrection is none',
  },
  { keys: ['referenceEvery'], when: ({ referenceMix }) => referenceMix === 0, because: 'referenceMix is 0' },
  { keys: ['klHorizon'], when: ({ klTarget }) => klTarget === null, because: 'there is no klTarget' },
  { keys: ['entropyStep'], when: ({ entropyTarget }) => entropyTarget === null, because: 'there is no entropyTarget' },
  {
    keys: ['rolloutProtocol', 'rolloutAdapters', 'rolloutRequests'],
    when: ({ rolloutServer }) => rolloutServer === null,
    because: 'there is no rolloutServer',
  },
  {
    keys: ['drafts', 'keepActivations'],
    when: ({ rolloutServer }) => rolloutServer !== null,
    because: 'the rolloutServer samples',
  },
  { keys: ['rescore'], when: ({ replay }) => replay === null, because: 'nothing is replayed' },
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
  return [...unread(recipe), ...dead.filter(({ when }) => when(recipe))].flatMap(({ keys, because }) =>
    keys.flatMap((key) => (isGiven(origins[key]) ? [`${key} has no effect: ${because} (${origins[key]})`] : [])),
  )
}

/** Settings that the rows chosen for objective and advantage do not read, and others of their tables do. */
function unread(recipe: TrainRecipe): Pick<Dead, 'keys' | 'because'>[] {
  const tables: Record<'surrogate' | 'advantage', Record<string, { reads: readonly (keyof TrainRecipe)[] }>> = {
    surrogate: surrogates,
    advantage: advantages,
  }
  return (['surrogate', 'advantage'] as const).flatMap((name) => {
    const rows = Object.entries(tables[name])
    const keys = new Set(rows.flatMap(([, { reads }]) => reads))
    return [...keys].flatMap((key) => {
      const readers = rows.flatMap(([row, { reads }]) => (reads.includes(key) ? row : []))
      return readers.includes(recipe[name])
        ? []
        : { keys: [key], because: `the ${name} is not ${readers.join(' or ')}` }
    })
  })
}

/** True where a person has said it, and not a preset or nobody. */
export const isGiven = (origin: string | undefined): boolean =>
  origin !== undefined && origin !== 'default' && !origin.startsWith('preset ')
