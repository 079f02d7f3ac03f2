// From rewards to advantages, in float64, the KL from the reference charged to rewards where the recipe says so.
import { mean, sum } from '../eval/statistics.ts'
import { type AdvantageRow, advantages, type Valued } from './advantage.ts'
import { rewardWeights } from '../reward/resolve.ts'
import type { Verdict } from '../reward/reward.ts'
import { klEstimate } from './loss/kl.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Frozen, Judged, Sampled, Turn, Weighted } from './record.ts'
import { gather, trainedTokens } from './trained.ts'
import type { Turned } from './turns.ts'

/** Every completion with its advantage, those of rollouts that are not live too: some estimators look at the whole batch. */
export function weigh(rollouts: readonly Judged<Frozen>[], recipe: TrainRecipe): Judged<Weighted>[] {
  const row: AdvantageRow = advantages[recipe.advantage]
  if (row.computeValues) return weighValues(rollouts, recipe, row.computeValues)
  if (row.computeTurns) return weighTurns(rollouts, recipe, row.computeTurns)
  if (recipe.klIn === 'reward' && row.computeTokens) return weighTokens(rollouts, recipe, row.computeTokens)
  const charged = (each: Frozen) =>
    recipe.klIn === 'reward' ? each.reward - recipe.klCoefficient * sum(klPerToken(each, recipe)) : each.reward
  const rewards = rollouts.map(({ completions }) => completions.map(charged))
  const lengths = rollouts.map(({ completions }) => completions.map(trainedTokens))
  // Of a control run the rewards alone are given to others.
  const partsIn = ({ verdict, reward }: Frozen) => partsOf(recipe.permuteRewards ? null : verdict.parts, reward)
  const parts = rollouts.map(({ completions }) => completions.map(partsIn))
  const baselines = rollouts.map(({ baseline = 0 }) => baseline)
  const batch = { rewards, lengths, parts, weights: rewardWeights(recipe.reward), baselines }
  const estimated = row.compute!(batch, recipe)
  return rollouts.map((each, g) => {
    const rate = mean(each.completions.map(({ reward }) => Number(reward > 0)))
    const tokens = recipe.branchAdvantage === 'hard' ? meansOfShared(each.completions, estimated[g]!) : undefined
    return {
      ...each,
      completions: each.completions.map((completion, i) => ({
        ...completion,
        advantage: estimated[g]![i]!,
        rate,
        ...(tokens && { advantages: tokens[i]! }),
      })),
    }
  })
}

/** Of each own token of each completion the mean advantage of the completions that it stands in (ARPO's hard form). */
export function meansOfShared(completions: readonly Sampled[], advantages: readonly number[]): number[][] {
  /** Which completion the id at `t` was written for. */
  const writer = (i: number, t: number): number => {
    const { branch } = completions[i]!
    return branch && t < branch.at ? writer(branch.from, t) : i
  }
  const each = completions.map(({ ids }, i) => ids.map((_, t) => writer(i, t)))
  return completions.map((completion, i) =>
    Array.from(
      gather(
        each[i]!.map((wanted, t) => mean(advantages.filter((_, j) => each[j]![t] === wanted))),
        completion,
      ),
    ),
  )
}

/** A reward that names no parts is one itself. */
const partsOf = (parts: Verdict['parts'], reward: number): Record<string, number | null> =>
  parts && Object.keys(parts).length > 0 ? parts : { reward }

/** The reward comes with the last own token, what the KL costs with each; the critic says what each is worth. */
function weighValues(
  rollouts: readonly Judged<Frozen>[],
  recipe: TrainRecipe,
  compute: NonNullable<AdvantageRow['computeValues']>,
): Judged<Weighted>[] {
  // Rollouts that are not live were shown to no critic.
  const live = rollouts.filter((each) => each.live).flatMap((each) => each.completions)
  const batch: Valued = {
    rewards: live.map((each) => tokenRewards(each, recipe)),
    values: live.map((each) => gather(each.values!, each)),
  }
  const { advantages, returns } = compute(batch, recipe)
  let next = 0
  return rollouts.map((each) => ({
    ...each,
    completions: each.completions.map((completion): Weighted => {
      if (!each.live) return { ...completion, advantage: 0 }
      const found = { advantages: advantages[next]!, returns: returns[next]! }
      next++
      return { ...completion, ...found, advantage: found.advantages.length > 0 ? mean(found.advantages) : 0 }
    }),
  }))
}

/** What each own token earns: the reward comes with the last, what the KL costs with each. */
export function tokenRewards(completion: Frozen, recipe: TrainRecipe): number[] {
  const charge = recipe.klIn === 'reward' ? recipe.klCoefficient : 0
  const rewards = klPerToken(completion, recipe).map((kl) => -charge * kl)
  if (rewards.length > 0) rewards[rewards.length - 1] = rewards.at(-1)! + completion.reward
  return rewards
}

/** A token returns the reward less the KL of the tokens from it on (arXiv 2501.03262 eq. 4, verl). */
function weighTokens(
  rollouts: readonly Judged<Frozen>[],
  recipe: TrainRecipe,
  compute: NonNullable<AdvantageRow['computeTokens']>,
): Judged<Weighted>[] {
  const returns = rollouts.flatMap(({ completions }) =>
    completions.map((each) => {
      let left = each.reward
      return Array.from(klPerToken(each, recipe).toReversed(), (kl) => (left -= recipe.klCoefficient * kl)).toReversed()
    }),
  )
  const estimated = compute(returns)
  let next = 0
  return rollouts.map((each) => ({
    ...each,
    completions: each.completions.map((completion) => {
      const advantages = estimated[next++]!
      return { ...completion, advantages, advantage: advantages.length > 0 ? mean(advantages) : 0 }
    }),
  }))
}

/** A turn earns what the environment gave for it; the last one also what the reward says beyond that, and all of a control's. */
function weighTurns(
  rollouts: readonly Judged<Frozen>[],
  recipe: TrainRecipe,
  compute: NonNullable<AdvantageRow['computeTurns']>,
): Judged<Weighted>[] {
  const turned: Turned = {
    rewards: rollouts.map(({ completions }) => completions.map((each) => turnRewards(each, recipe))),
    states: rollouts.map(({ completions }) => completions.map(readBefore)),
  }
  const estimated = compute(turned, recipe)
  return rollouts.map((each, g) => ({
    ...each,
    completions: each.completions.map((completion, i) => {
      const advantages = ownTurns(completion).flatMap(({ from, to }, k) =>
        new Array<number>(to - from).fill(estimated[g]![i]![k]!),
      )
      return { ...completion, advantages, advantage: advantages.length > 0 ? mean(advantages) : 0 }
    }),
  }))
}

const ownTurns = ({ turns }: Frozen): readonly Turn[] => turns.filter(({ role }) => role === 'assistant')

function turnRewards(completion: Frozen, recipe: TrainRecipe): number[] {
  const turns = ownTurns(completion)
  const charge = recipe.klIn === 'reward' ? recipe.klCoefficient : 0
  const kl = klPerToken(completion, recipe)
  const rewards = turns.map(({ reward = 0 }) => (recipe.permuteRewards ? 0 : reward))
  const rest = completion.reward - sum(rewards)
  let next = 0
  return rewards.map((earned, k) => {
    const { from, to } = turns[k]!
    const cost = charge * sum(kl.slice(next, (next += to - from)))
    return earned + (k === rewards.length - 1 ? rest : 0) - cost
  })
}

/** What was given since the turn before, word for word. */
function readBefore(completion: Frozen): string[] {
  const turns = ownTurns(completion)
  return turns.map(({ from }, k) => completion.ids.slice(turns[k - 1]?.to ?? 0, from).join())
}

/** The estimate between the weights that sampled and the reference, of each own token; 0 without one. */
function klPerToken(completion: Frozen, { klEstimator, klClamp }: TrainRecipe): number[] {
  const old = gather(completion.old, completion)
  const reference = completion.reference && gather(completion.reference, completion)
  return Array.from(old, (value, t) => (reference ? klEstimate(klEstimator, value - reference[t]!, klClamp).value : 0))
}
