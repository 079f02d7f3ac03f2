// From prompts to groups of judged completions, refilled where groups say nothing.
import type { Sampling } from '../gpu/policy/law.ts'
import { generate } from '../gpu/policy/generate.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import { shuffle } from '../rng.ts'
import { isConstant } from './advantage.ts'
import { inOrder, KEY } from './order.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Completed, Judge, Prompt, Rollout } from './record.ts'

export interface RolloutContext {
  recipe: TrainRecipe
  policy: Pick<Policy, 'open'>
  sampling: Sampling
  prompts: readonly Prompt[]
  judge: Judge
  step: number
  /** Told of finished and wanted prompts. */
  onProgress?: (done: number, total: number) => void
}

/** What one step rolled out; `dead` groups were replaced. */
export interface Collected {
  rollouts: Rollout[]
  dead: Rollout[]
  /** Place in the order of prompts from which the next step goes on. */
  position: number
  /** True where refilling stopped at its limit and fewer groups than wanted are live. */
  capped: boolean
}

/** The rollout batch of a step, taken from `position` of the order of prompts on. */
export async function collect(context: RolloutContext, position: number): Promise<Collected> {
  const { promptsPerStep, zeroVariance, refillRounds } = context.recipe
  const first = await rollout(context, position, promptsPerStep)
  position += promptsPerStep
  if (zeroVariance !== 'refill') return { rollouts: first, dead: [], position, capped: false }
  const live: Rollout[] = []
  const dead: Rollout[] = []
  const sort = (rollouts: Rollout[]) => rollouts.forEach((each) => (saysNothing(each) ? dead : live).push(each))
  sort(first)
  for (let round = 0; round < refillRounds && live.length < promptsPerStep; round++) {
    const missing = promptsPerStep - live.length
    sort(await rollout(context, position, missing))
    position += missing
  }
  return { rollouts: live, dead, position, capped: live.length < promptsPerStep }
}

/** True where the rewards of the group are all equal. A group of one has nothing to be compared with. */
export function saysNothing({ rewards }: Rollout): boolean {
  return rewards.length > 1 && isConstant(rewards)
}

/** Complete and judge the `count` prompts at `position` of the order. */
async function rollout(context: RolloutContext, position: number, count: number): Promise<Rollout[]> {
  const { recipe, policy, sampling, judge, step } = context
  const requests = inOrder(context.prompts, recipe.seed, position, count).map(({ item, epoch }) => ({
    item,
    prompt: item.ids,
    samples: recipe.groupSize,
    key: [recipe.seed, KEY.sample, step, epoch, item.index],
  }))
  const groups: Completed[] = []
  for await (const { request, completions } of generate(policy, requests, sampling, { budget: recipe.rolloutTokens })) {
    groups.push({ prompt: request.item, completions })
    context.onProgress?.(groups.length, count)
  }
  const judged = await judge(groups, step)
  const rollouts = groups.map((group, i) => ({
    ...group,
    judged: judged[i]!,
    rewards: judged[i]!.map(({ verdict }) => verdict.score),
  }))
  return recipe.permuteRewards ? permute(rollouts, recipe.seed, step, position) : rollouts
}

/** The control: the same rewards, given to other completions of the batch. */
function permute(rollouts: Rollout[], seed: number, step: number, position: number): Rollout[] {
  const rewards = shuffle(
    rollouts.flatMap((each) => each.rewards),
    seed,
    KEY.permute,
    step,
    position,
  )
  return rollouts.map((each) => ({ ...each, rewards: rewards.splice(0, each.rewards.length) }))
}
