// Reinforcement learning, top to bottom: roll out, judge, weigh, update, save, evaluate; said as events.
import type { Figures, Sink } from '../event.ts'
import type { Policy, Sampling } from '../gpu/policy.ts'
import { checkAgreement } from './agreement.ts'
import { type Checkpoint, type Progress, saveCheckpoint } from './checkpoint.ts'
import { answer, figuresOf } from './heldout.ts'
import type { TrainRecipe } from './recipe.ts'
import type { Judge, Prompt, PromptSet } from './record.ts'
import { logAnswers, logRollouts } from './rollout-log.ts'
import { collect, type Collected } from './rollout.ts'
import { learn } from './step.ts'
import { rolloutFigures } from './figures.ts'

export interface TrainContext {
  recipe: TrainRecipe
  policy: Policy
  prompts: readonly Prompt[]
  heldOut: readonly PromptSet[]
  judge: Judge
  /** Of held-out answers. */
  evalJudge: Judge
  /** Ids that end a completion, and the test for stop strings. */
  ending: Pick<Sampling, 'eosIds' | 'stop'>
  /** Run directory. */
  path: (...parts: string[]) => string
  emit: Sink
  /** Milliseconds since 1970. */
  clock: () => number
  /** True once the user wants the run to end after the step at hand. */
  interrupted: () => boolean
}

/** Train from `start` to the end or an interruption; the state is saved in both cases. */
export async function train(context: TrainContext, start: Progress): Promise<'done' | 'interrupted'> {
  const { recipe, policy, emit, clock } = context
  const steps = stepsOf(recipe, context.prompts.length)
  let { step, position } = start
  emit({ type: 'start', time: clock(), step, steps, trainable: policy.trainable, device: recipe.device })
  await agree(context, step)
  if (step === 0 && recipe.evalAtStart) await evaluate(context, step)
  while (step < steps) {
    const started = clock()
    const batch = await collect(
      { ...context, sampling: samplingOf(context), step, onProgress: progress(context, 'rollout') },
      position,
    )
    const rolledOut = clock()
    const { weighted, figures } = await learn(batch.rollouts, {
      ...context,
      step,
      steps,
      onProgress: (phase, done, total) => progress(context, phase)(done, total),
    })
    step++
    position = batch.position
    logRollouts(context.path('rollouts'), step, weighted, batch.dead)
    warnOf(context, step, batch)
    const all = { ...rolloutFigures(batch), ...figures, ...timing(batch, started, rolledOut, clock()) }
    emit({ type: 'step', time: clock(), step, steps, figures: all })
    const leaving = context.interrupted() && step < steps
    // Saved last, so that a run that is cut short evaluates again what it has not recorded.
    if (isDue(step, steps, recipe.evalEvery) && !leaving) await evaluate(context, step)
    if (isDue(step, steps, recipe.saveEvery) || leaving) save(context, { step, position, policy: policy.state() })
    if (leaving) return 'interrupted'
  }
  return 'done'
}

/** Rollout batches of the whole run. The last prompts of an epoch and the first of the next may share a batch. */
export function stepsOf({ steps, epochs, promptsPerStep }: TrainRecipe, prompts: number): number {
  return steps ?? Math.max(1, Math.floor((epochs * prompts) / promptsPerStep))
}

export function samplingOf({ recipe, ending }: Pick<TrainContext, 'recipe' | 'ending'>): Sampling {
  const { temperature, topK, topP, minP, repetitionPenalty, maxCompletionLength } = recipe
  return { temperature, topK, topP, minP, repetitionPenalty, maxNewTokens: maxCompletionLength, ...ending }
}

async function agree(context: TrainContext, step: number): Promise<void> {
  const { recipe, policy, prompts, ending, emit, clock } = context
  const text = await checkAgreement(policy, prompts.slice(0, 2), {
    temperature: recipe.temperature,
    seed: recipe.seed,
    ending,
  })
  emit({ type: 'note', time: clock(), step, text })
}

async function evaluate(context: TrainContext, step: number): Promise<void> {
  const { heldOut, emit, clock } = context
  if (heldOut.length === 0) return
  const answers = await answer(heldOut, {
    policy: context.policy,
    judge: context.evalJudge,
    sampling: { temperature: 0, maxNewTokens: context.recipe.maxCompletionLength, ...context.ending },
    step,
    batch: EVALUATED_AT_ONCE,
    onProgress: progress(context, 'evaluation'),
  })
  logAnswers(context.path('evals'), step, answers)
  emit({ type: 'eval', time: clock(), step, figures: figuresOf(answers, heldOut) })
}

function save({ path, recipe, emit, clock }: TrainContext, checkpoint: Checkpoint): void {
  const { step } = checkpoint
  emit({
    type: 'checkpoint',
    time: clock(),
    step,
    path: saveCheckpoint(path('checkpoints'), checkpoint, recipe.keepCheckpoints),
  })
}

function warnOf({ recipe, emit, clock }: TrainContext, step: number, { rollouts, capped }: Collected): void {
  if (!capped) return
  const text = `step ${step}: only ${rollouts.length} of ${recipe.promptsPerStep} groups have rewards that differ after ${recipe.refillRounds} refills; the step is smaller`
  emit({ type: 'note', time: clock(), step, text, loud: true })
}

function timing({ rollouts, dead }: Collected, started: number, rolledOut: number, ended: number): Figures {
  const tokens = [...rollouts, ...dead].reduce(
    (sum, { prompt, completions }) =>
      completions.reduce((total, { ids }) => total + ids.length, sum + prompt.ids.length),
    0,
  )
  const seconds = (ended - started) / 1000
  return {
    num_tokens: tokens,
    tokens_per_second: tokens / Math.max(seconds, 1e-3),
    'time/rollout': (rolledOut - started) / 1000,
    step_time: seconds,
  }
}

/** Every so many steps, and at the end. */
const isDue = (step: number, steps: number, every: number): boolean =>
  step === steps || (every > 0 && step % every === 0)

const progress =
  ({ emit }: TrainContext, phase: string) =>
  (done: number, total: number) =>
    emit({ type: 'phase', phase, done, total })

const EVALUATED_AT_ONCE = 50
