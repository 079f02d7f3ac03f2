// From prompts to judged completions, refilled where a group says nothing.
import type { Hold } from '../dialogue/hold.ts'
import type { GenerationRequest } from '../gpu/policy/generate.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Work } from '../gpu/policy/session.ts'
import { shuffle } from '../rng.ts'
import { HoneError } from '../error.ts'
import { isDegenerate } from '../reward/shape.ts'
import { advantages, isConstant } from './advantage.ts'
import type { Branching } from './branch.ts'
import { inOrder, KEY } from './order.ts'
import { completeAll, type Stage } from './play.ts'
import type { TrainRecipe } from './recipe.ts'
import { isTruncated } from './trained.ts'
import type { Remembered } from './remembered.ts'
import type { Judge, Judged, Prompt, Replay, Rollout, Scored } from './record.ts'

export interface RolloutContext {
  recipe: TrainRecipe
  policy: Pick<Policy, 'open' | 'config'>
  sampling: Sampling
  prompts: readonly Prompt[]
  judge: Judge
  /** Where the model is answered, turn by turn. */
  stage?: Stage | undefined
  /** What holds every turn of the model. */
  hold?: Hold | undefined
  /** Steps that the weights of another sampler have made. */
  version?: number | undefined
  /** Completions of the prompts before, and what the sampling took. */
  remembered?: Remembered | undefined
  onWork?: (work: Work) => void
  /** Where it holds the step, nothing is sampled. */
  replay?: Replay | undefined
  /** Counted from 0. */
  step: number
  /** Told of finished and wanted prompts. */
  onProgress?: (done: number, total: number) => void
}

/** The rollout batch of a step; `dead` ones were replaced. */
export interface Batch {
  rollouts: Judged[]
  dead: Judged[]
  /** Place in the order of prompts from which the next step goes on. */
  position: number
  /** True where refilling stopped at its limit and fewer groups than wanted are live. */
  capped: boolean
}

/** The rollout batch of a step, taken from `position` of the order of prompts on. */
export async function rollout(context: RolloutContext, position: number): Promise<Batch> {
  const { promptsPerStep, zeroVariance, refillRounds } = context.recipe
  if (context.replay?.steps.includes(context.step + 1))
    return batchOf(await replayed(context, context.replay, position), context.recipe, position)
  const all = await sampleAndJudge(context, position, promptsPerStep)
  const missing = () => promptsPerStep - all.filter(({ live }) => live).length
  if (zeroVariance === 'refill')
    for (let round = 0; round < refillRounds && missing() > 0; round++)
      all.push(...(await sampleAndJudge(context, position + all.length, missing())))
  return batchOf(all, context.recipe, position)
}

/** True where the rewards are all equal. A group of one has nothing to be compared with. */
export function saysNothing(completions: readonly Scored[]): boolean {
  return completions.length > 1 && isConstant(completions.map(({ reward }) => reward))
}

async function sampleAndJudge(context: RolloutContext, position: number, count: number): Promise<Judged[]> {
  const rollouts = await score(await sample(context, position, count), context, position)
  return isGreedy(context.recipe) ? await withBaselines(rollouts, context) : rollouts
}

const isGreedy = ({ advantage }: TrainRecipe): boolean => 'greedy' in advantages[advantage]

/** What each prompt's likeliest completion earns. */
async function withBaselines(rollouts: readonly Judged[], context: RolloutContext): Promise<Judged[]> {
  const { recipe, policy, sampling, stage, judge, step } = context
  const requests = rollouts.map(({ prompt }) => ({ item: prompt, prompt: prompt.ids, samples: 1, key: [] }))
  const greedy = { ...sampling, temperature: 0 }
  const likeliest = await completeAll(policy, requests, greedy, { budget: recipe.rolloutTokens, stage })
  const judged = await judge(likeliest, step)
  return rollouts.map((each, i) => ({ ...each, baseline: judged[i]![0]!.verdict.score }))
}

/** Complete the `count` prompts at `position` of the order. */
async function sample(context: RolloutContext, position: number, count: number): Promise<Rollout[]> {
  const { recipe, policy, sampling, step } = context
  const branching = branchingOf(recipe, policy)
  const requests = inOrder(context.prompts, recipe.seed, position, count).map(({ item, epoch }) => ({
    item,
    prompt: item.ids,
    samples: recipe.groupSize,
    key: [recipe.seed, KEY.sample, step, epoch, item.index],
    earlier: context.remembered?.of(item),
    branching,
  }))
  const { onProgress, onWork, stage, hold } = context
  const traced = stage ? undefined : tracedTokens(recipe, requests, sampling)
  const options = { budget: recipe.rolloutTokens, drafts: recipe.drafts, onProgress, onWork, stage, hold, traced }
  const rollouts = (await completeAll(policy, requests, sampling, options)).map(withRewritten)
  context.remembered?.add(step, rollouts)
  const { version } = context
  if (version === undefined) return rollouts
  return rollouts.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map((each) => ({ ...each, version })),
  }))
}

/** Sequences whose history was written anew are completions of their group, behind the others. */
function withRewritten({ prompt, completions }: Rollout): Rollout {
  const last = completions.map(({ rewritten: _, ...each }) => each)
  return { prompt, completions: [...last, ...completions.flatMap(({ rewritten = [] }) => rewritten)] }
}

/** How episodes of a row become a tree; undefined where each is one by itself. */
function branchingOf(
  { branchInitial: initial, branchBeam: beam, branchAlpha: alpha, branchBeta: beta }: TrainRecipe,
  { config }: Pick<Policy, 'config'>,
): Branching | undefined {
  return initial === null ? undefined : { initial, beam, alpha, beta, vocabulary: config.vocabulary }
}

/** Where a step is one update it trains the weights that sampled: what they computed need not be computed again. */
export function isTraced(recipe: TrainRecipe): boolean {
  const { keepActivations, miniBatches, iterations, zeroVariance, processes, rolloutServer } = recipe
  // What another process samples, it does not train on.
  if (processes > 1 || rolloutServer !== null) return false
  // A batch that is refilled is sampled in rounds, the last of which alone would be kept.
  return keepActivations && miniBatches * iterations === 1 && zeroVariance !== 'refill'
}

function tracedTokens(
  recipe: TrainRecipe,
  requests: readonly GenerationRequest[],
  { maxNewTokens }: Sampling,
): number | undefined {
  if (!isTraced(recipe)) return undefined
  return requests.reduce((sum, { prompt, samples }) => sum + prompt.length - 1 + samples * maxNewTokens, 0)
}

/** What was rolled out of a step before, with the rewards that it had unless they are asked for again. */
async function replayed(context: RolloutContext, replay: Replay, position: number): Promise<Judged[]> {
  const rollouts = await replay.take(context.step + 1)
  context.remembered?.add(context.step, rollouts)
  if (context.recipe.rescore) return await score(rollouts, context, position)
  if (isGreedy(context.recipe) && rollouts.some(({ baseline }) => baseline === undefined))
    throw new HoneError('Cannot replay the rollouts: they hold no "baseline"', {
      hint: `the advantage ${context.recipe.advantage} needs rollouts of a run that was trained with it`,
    })
  return rollouts.map((each) => withLife(each, context.recipe))
}

/** Rewards, and with them which groups are trained on. */
async function score(
  rollouts: readonly Rollout[],
  { recipe, judge, step }: Pick<RolloutContext, 'recipe' | 'judge' | 'step'>,
  position: number,
): Promise<Judged[]> {
  const { degenerateReward } = recipe
  const judged = await judge(rollouts, step)
  const scores = judged.flatMap((group) => group.map(({ verdict }) => verdict.score))
  // The control: the same rewards, given to other completions of the batch.
  const rewards = recipe.permuteRewards ? shuffle(scores, recipe.seed, KEY.permute, step, position) : scores
  let next = 0
  return rollouts.map(({ prompt, completions }, g) => {
    const scored = completions.map((each, i) => {
      const judgement = judged[g]![i]!
      const reward = rewards[next++]!
      const degenerate = degenerateReward !== null && (isTruncated(each) || isDegenerate(judgement.text))
      return { ...each, ...judgement, reward: degenerate ? degenerateReward : reward }
    })
    return withLife({ prompt, completions: scored }, recipe)
  })
}

function withLife(rollout: Rollout<Scored>, { zeroVariance }: TrainRecipe): Judged {
  return { ...rollout, live: zeroVariance === 'keep' || !saysNothing(rollout.completions) }
}

/** Where groups are refilled, those without variance are no part of the batch. */
function batchOf(all: Judged[], { zeroVariance, promptsPerStep }: TrainRecipe, position: number): Batch {
  const end = position + all.length
  if (zeroVariance !== 'refill') return { rollouts: all, dead: [], position: end, capped: false }
  const rollouts = all.filter(({ live }) => live)
  return { rollouts, dead: all.filter(({ live }) => !live), position: end, capped: rollouts.length < promptsPerStep }
}
