// Reinforcement learning, top to bottom: roll out and judge, freeze, weigh, learn; then what is due, and the next step.
import { EXIT, HoneError } from '../error.ts'
import type { Hold } from '../dialogue/hold.ts'
import { sum } from '../eval/statistics.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { Scorer } from '../gpu/policy/scorer.ts'
import type { Work } from '../gpu/policy/session.ts'
import { steer, steered } from './control.ts'
import { rolloutMetrics, workMetrics } from './metrics.ts'
import { checkSampler, type Sampler, samplerMetrics } from './sampler.ts'
import { begin, evaluate, loop, type LoopContext, note, phase, type Stepped } from './loop.ts'
import { ENVIRONMENT_FAULT } from './judge.ts'
import { lawOf, type TrainRecipe } from './recipe.ts'
import { freeze, needsReference } from './freeze.ts'
import { type Allowed, freedom, toolsOf } from './held.ts'
import { learn } from './learn.ts'
import type { Judge, Progress, Prompt, Replay, Weighted } from './record.ts'
import { type Batch, rollout } from './rollout.ts'
import { remembered, type Remembered } from './remembered.ts'
import { type Watch, watch } from './silence.ts'
import { trainedTokens, writtenTokens } from './trained.ts'
import { weigh } from './weigh.ts'

export interface TrainContext extends LoopContext {
  recipe: TrainRecipe
  prompts: readonly Prompt[]
  judge: Judge
  /** What holds every turn that is rolled out. */
  hold?: Hold | undefined
  /** Learns what tokens are worth, where the advantage asks for it. */
  critic?: Scorer | undefined
  /** Samples rollouts in place of the policy. */
  sampler?: Sampler | undefined
  /** Rollouts to learn from in place of sampling, for the steps that it holds. */
  replay?: Replay | undefined
}

/** Train from `start` to the end or an interruption; the state is saved in both cases. */
export async function train(context: TrainContext, start: Progress): Promise<'done' | 'interrupted'> {
  const { recipe, prompts } = context
  const steps = stepsOf(recipe, prompts.length)
  const law = lawOf(recipe)
  const held = new Map(prompts.map((each) => [each.ids, each]))
  const within = (ids: readonly number[]) => context.hold?.({ tools: toolsOf(held.get(ids)!) }, ids)
  await begin(context, start.step, steps, { prompts: prompts.map(({ ids }) => ids), law, within })
  if (context.sampler) await meet(context, context.sampler, start.step)
  if (context.replay) noteReplay(context, context.replay, start.step)
  const watched = watch(context.evalReader)
  const known = recipe.drafts === 'off' ? undefined : await recalled(context, start.step)
  const reason = await loop(
    context,
    start,
    steps,
    async (step, position, coefficients) => {
      const recipe = steered(context.recipe, coefficients)
      return await takeStep({ ...context, recipe, law, step, steps, watched, remembered: known }, position)
    },
    async (step) => await evaluate(context, step),
  )
  if (reason === 'done') for (const text of watched.atEnd()) note(context, steps, text, true)
  return reason
}

/** What was rolled out before, so that a resumed run guesses as it would have: log-probs differ in their last bits by what is read together. */
async function recalled({ recipe, prompts, store }: TrainContext, done: number): Promise<Remembered> {
  const memory = remembered()
  // Every prompt comes once an epoch: of two epochs in a row it has come in the first or the second.
  const first = Math.max(1, done - 2 * Math.ceil(prompts.length / recipe.promptsPerStep))
  for (let step = first; step <= done; step++) memory.add(step - 1, await store.rolledOut(step, prompts))
  return memory
}

/** Rollout batches of the whole run. The last prompts of an epoch and the first of the next may share a batch. */
export function stepsOf({ steps, epochs, promptsPerStep }: TrainRecipe, prompts: number): number {
  return steps ?? Math.max(1, Math.floor((epochs * prompts) / promptsPerStep))
}

interface StepContext extends TrainContext {
  law: Law
  step: number
  steps: number
  watched: Watch
  remembered: Remembered | undefined
}

async function takeStep(context: StepContext, position: number): Promise<Stepped> {
  const { recipe, law, ending, step, clock } = context
  const onProgress = (name: string, done: number, total: number) => phase(context, name)(done, total)
  const sampling = { ...law, maxNewTokens: recipe.maxCompletionLength, ...ending }
  const started = clock()
  const work: Work[] = []
  const onWork = (each: Work) => void work.push(each)
  const { policy, sampler } = context
  await sampler?.follow(policy, step)
  const writer = { open: (sampler ?? policy).open, config: policy.config }
  const batch = await rollout(
    { ...context, policy: writer, version: sampler && step, sampling, onProgress: phase(context, 'rollout'), onWork },
    position,
  )
  requireRewards(batch, recipe, step + 1)
  const rolledOut = clock()
  const frozen = await freeze(batch.rollouts, { ...context, onProgress })
  const weighted = weigh(frozen, recipe)
  const weighed = clock()
  const entropies = new Map<Weighted, Float32Array>()
  const onEntropies = (completion: Weighted, each: Float32Array) => {
    // Of the passes over a batch the first is that of the weights that wrote it.
    if (!entropies.has(completion)) entropies.set(completion, each.slice())
  }
  const allowed: Allowed = new Map()
  const onAllowed = (completion: Weighted, each: Float32Array) => {
    if (!allowed.has(completion)) allowed.set(completion, sum(Array.from(each)))
  }
  const learnt = await learn(weighted, { ...context, onProgress, onEntropies, onAllowed })
  const all = weighted.flatMap(({ completions }) => completions)
  const figures = { ...learnt, ...freedom(allowed, all), ...(sampler && samplerMetrics(weighted)) }
  const { referenceMix, referenceEvery } = recipe
  if (needsReference(recipe) && referenceMix > 0 && (step + 1) % referenceEvery === 0)
    await context.policy.pullReference(referenceMix)
  const learned = clock()
  context.store.rollouts(step + 1, weighted, batch.dead, entropies)
  if (batch.capped) warnOfCap(context, step + 1, batch)
  // While the critic warms up nothing is to be learnt from rewards.
  const watched = step < recipe.criticWarmup ? [] : context.watched.after(step + 1, batch, figures)
  for (const text of watched) note(context, step + 1, text, true)
  requireNear(figures['kl'], recipe, step + 1)
  const seconds = (clock() - started) / 1000
  const tokens = tokensOf(batch)
  const times = {
    tokens_per_second: tokens / Math.max(seconds, 1e-3),
    'time/rollout': (rolledOut - started) / 1000,
    'time/reference': (weighed - rolledOut) / 1000,
    'time/update': (learned - weighed) / 1000,
    step_time: seconds,
  }
  const completions = batch.rollouts.reduce((sum, each) => sum + each.completions.length, 0)
  const coefficients = steer(recipe, { kl: figures['kl'], entropy: figures['entropy'], completions })
  // Those of the step, under the names of their settings.
  const used = Object.fromEntries(
    Object.keys(coefficients).map((name) => [name, recipe[name as keyof typeof coefficients]]),
  )
  return {
    position: batch.position,
    tokens: tokensSeen(batch),
    figures: { ...rolloutMetrics(batch), ...workMetrics(work), ...figures, ...used, ...times },
    ...(Object.keys(coefficients).length > 0 && { coefficients }),
  }
}

/** Give another sampler the weights, and see that it is of the same model. */
async function meet(context: TrainContext, sampler: Sampler, step: number): Promise<void> {
  const { recipe, policy, prompts, ending } = context
  await sampler.follow(policy, step)
  const { text, loud } = await checkSampler(
    sampler,
    policy,
    prompts.map(({ ids }) => ids),
    { law: lawOf(recipe), seed: recipe.seed, ending, maxPositions: policy.config.maxPositions },
  )
  note(context, step, text, loud)
}

function noteReplay(context: TrainContext, { steps }: Replay, step: number): void {
  const rewards = context.recipe.rescore ? 'judged again' : 'with the rewards they had'
  const which = `${steps.length} steps between ${Math.min(...steps)} and ${Math.max(...steps)}`
  note(context, step, `learns from kept rollouts, ${rewards}: ${which}; the others are sampled`)
}

function warnOfCap(context: TrainContext, step: number, { rollouts }: Batch): void {
  const { promptsPerStep, refillRounds } = context.recipe
  note(
    context,
    step,
    `step ${step}: only ${rollouts.length} of ${promptsPerStep} groups have rewards that differ after ${refillRounds} refills; the step is smaller`,
    true,
  )
}

/** A reward that seldom gives a verdict is broken: training on its zeros would go unnoticed. */
function requireRewards({ rollouts, dead }: Batch, { maxFaultShare }: TrainRecipe, step: number): void {
  const verdicts = [...rollouts, ...dead].flatMap(({ completions }) => completions.map(({ verdict }) => verdict))
  const faulty = verdicts.filter(({ fault }) => fault !== null)
  if (faulty.length <= maxFaultShare * verdicts.length) return
  const counts = new Map<string, number>()
  for (const { fault } of faulty) counts.set(String(fault), (counts.get(String(fault)) ?? 0) + 1)
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([fault, count]) => `${fault} ${count}`)
  const played = faulty.filter(({ fault }) => fault === ENVIRONMENT_FAULT)
  const who = played.length === faulty.length ? 'The environment' : 'The reward'
  throw new HoneError(
    `${who} failed on ${faulty.length} of the ${verdicts.length} completions of step ${step}: ${kinds.join(', ')}`,
    {
      exit: EXIT.no,
      hint:
        played[0]?.reasons.at(-1) ??
        faulty[0]?.reasons[0] ??
        '`hone score` runs a reward on rows and says why it fails.',
    },
  )
}

/** A policy that runs away from where it began is seldom worth its reward. */
function requireNear(kl: number | undefined, { maxKl }: TrainRecipe, step: number): void {
  if (maxKl === null || kl === undefined || kl <= maxKl) return
  throw new HoneError(`Stopped after step ${step}: the mean kl is ${kl.toPrecision(3)}, --max-kl is ${maxKl}`, {
    exit: EXIT.no,
    hint: 'the checkpoints before are kept; a lower --learning-rate or a larger --kl-coefficient holds the policy back',
  })
}

/** As TRL counts them, a prompt with each of its completions. */
function tokensSeen({ rollouts, dead }: Batch): number {
  return sum(
    [...rollouts, ...dead].flatMap(({ prompt, completions }) =>
      completions.map((each) => prompt.ids.length + trainedTokens(each)),
    ),
  )
}

/** What was computed: own tokens, and those of prompts once per group. */
function tokensOf({ rollouts, dead }: Batch): number {
  return [...rollouts, ...dead].reduce(
    (sum, { prompt, completions }) =>
      completions.reduce((all, each) => all + writtenTokens(each), sum + prompt.ids.length),
    0,
  )
}
