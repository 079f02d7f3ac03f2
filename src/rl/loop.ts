// What the loops of all kinds of training share: when to evaluate and save, and saying so as events.
import type { CallFormat } from '../dialogue/call/format.ts'
import { EXIT, HoneError } from '../error.ts'
import type { Metrics, RunEvent, Sink } from '../rundir/event.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy, Trainable } from '../gpu/policy/policy.ts'
import { openAlarms } from './alarms.ts'
import { type AgreementOptions, checkAgreement } from './agreement.ts'
import type { DTypeSpec } from '../gpu/device/precision.ts'
import type { Coefficients } from './control.ts'
import { answer, metricsOf } from './heldout.ts'
import type { Stage } from './play.ts'
import type { Judge, Progress, PromptSet, Store } from './record.ts'
import { requireSound } from './sound.ts'

/** What every loop works with, whatever it trains. */
export interface RunContext {
  recipe: { saveEvery: number; evalEvery: number; evalAtStart: boolean }
  policy: Trainable
  /** What is trained beside it. */
  critic?: Trainable | undefined
  /** Name of the device that the policy lies on. */
  device: string
  store: Store
  emit: Sink
  /** Milliseconds since 1970. */
  clock: () => number
  /** True once the user wants the run to end after the step at hand. */
  interrupted: () => boolean
  /** Where a run goes on: the figures of its steps so far, and the checkpoint that it goes on from. */
  past?: { figures: readonly Metrics[]; checkpoint: string } | undefined
}

/** What loops of language models work with: held-out rows are answered. */
export interface LoopContext extends RunContext {
  recipe: RunContext['recipe'] & { maxCompletionLength: number; seed: number; dtype: DTypeSpec }
  policy: Policy
  heldOut: readonly PromptSet[]
  /** Of held-out answers. */
  evalJudge: Judge
  /** Reads the calls of held-out answers; undefined where the reward reads none and decides itself. */
  evalReader: Pick<CallFormat, 'parse'> | undefined
  /** How held-out rows are asked and read, see protocol.ts. */
  evalProtocol?: string
  /** Where an environment answers what the model writes. */
  stage?: Stage | undefined
  /** Ids that end a completion, and the test for stop strings. */
  ending: Pick<Sampling, 'eosIds' | 'stop'>
}

/** What one step leaves: its figures, and where the next one begins in the data. */
export interface Stepped {
  tokens: number
  position: number
  figures: Metrics
  coefficients?: Coefficients | undefined
}

/**
 * Steps from `start` to `steps`, each followed by what is due. The state is saved at the end and on interruption;
 * last of all, so that a run that is cut short evaluates again what it has not recorded.
 */
export async function loop(
  context: RunContext,
  start: Progress,
  steps: number,
  takeStep: (step: number, position: number, coefficients: Coefficients | undefined) => Promise<Stepped>,
  evaluate: (step: number) => Promise<void>,
): Promise<'done' | 'interrupted'> {
  const { recipe, policy, critic, emit, clock, past } = context
  let { step, position, tokens, coefficients } = start
  const alarms = openAlarms(past?.figures)
  /** The last checkpoint that was written while no alarm rang. */
  let good = alarms.quiet() ? past?.checkpoint : undefined
  if (start.unevaluated || (step === 0 && recipe.evalAtStart)) await evaluate(step)
  while (step < steps) {
    const stepped = await orAlarm(context, step + 1, good, async () => {
      const taken = await takeStep(step, position, coefficients)
      requireSound(policy, step)
      if (critic) requireSound(critic, step)
      return taken
    })
    step++
    position = stepped.position
    coefficients = stepped.coefficients ?? coefficients
    tokens += stepped.tokens
    // Of all steps so far, as TRL counts them.
    emit({ type: 'step', time: clock(), step, steps, figures: { ...stepped.figures, num_tokens: tokens } })
    for (const alarm of alarms.after(stepped.figures)) sound(context, step, alarm, good)
    const leaving = context.interrupted() && step < steps
    const toEvaluate = isDue(step, steps, recipe.evalEvery)
    if (toEvaluate && !leaving) await evaluate(step)
    if (isDue(step, steps, recipe.saveEvery) || leaving) {
      const progress = {
        step,
        position,
        tokens,
        ...(coefficients && { coefficients }),
        ...(toEvaluate && leaving && { unevaluated: true }),
      }
      const path = save(context, progress, alarms.quiet() ? undefined : good)
      if (alarms.quiet()) good = path
    }
    if (leaving) return end(context, step, 'interrupted')
  }
  return end(context, step, 'done')
}

/** Say that the run begins, once decoding and training were found to agree on a few prompts. */
export async function begin(
  context: LoopContext,
  step: number,
  steps: number,
  { prompts, ...drawn }: Pick<AgreementOptions, 'law' | 'within'> & { prompts: readonly (readonly number[])[] },
): Promise<void> {
  const { policy, device, ending, recipe, emit, clock } = context
  emit({ type: 'start', time: clock(), step, steps, trainable: policy.trainable, device })
  const { maxPositions } = policy.config
  const half = recipe.dtype === 'f16' || recipe.dtype === 'bf16'
  // How well a GPU's kernels agree depends on the card: it is told, not judged.
  const tolerance = device !== 'cpu' ? Infinity : half ? HALF : EXACT
  const worst = await checkAgreement(policy, prompts, { ...drawn, seed: recipe.seed, ending, maxPositions, tolerance })
  const text = `log-probs of decoding and of training agree within ${worst.toExponential(1)}`
  note(context, step, text, worst > HALF)
}

/** Differences of a log-prob that rounding explains, in float32 and in half precision. */
const [EXACT, HALF] = [1e-4, 0.02]

/** A phase of a step, shown while it lasts. */
export function phase({ emit }: Pick<RunContext, 'emit'>, name: string) {
  return (done: number, total: number) => emit({ type: 'phase', phase: name, done, total })
}

export function note(
  { emit, clock }: Pick<RunContext, 'emit' | 'clock'>,
  step: number,
  text: string,
  loud = false,
): void {
  emit({ type: 'note', time: clock(), step, text, loud })
}

/** Answer the held-out rows, and say how many answers are right. */
export async function evaluate(context: LoopContext, step: number): Promise<void> {
  const { heldOut, policy, evalJudge, evalReader, ending, recipe, emit, clock } = context
  if (heldOut.length === 0) return
  const answers = await answer(heldOut, {
    policy,
    judge: evalJudge,
    reader: evalReader,
    sampling: { temperature: 0, maxNewTokens: recipe.maxCompletionLength, ...ending },
    step,
    stage: context.stage,
    onProgress: phase(context, 'evaluation'),
  })
  context.store.answers(step, answers)
  emit({
    type: 'eval',
    time: clock(),
    step,
    figures: metricsOf(answers, heldOut),
    ...(context.evalProtocol !== undefined && { protocol: context.evalProtocol }),
  })
}

/** Take a step; one that cannot be taken is an alarm, with what to go back to, and stops the run. */
async function orAlarm<Taken>(
  context: RunContext,
  step: number,
  good: string | undefined,
  take: () => Promise<Taken>,
): Promise<Taken> {
  try {
    return await take()
  } catch (error) {
    if (!(error instanceof HoneError) || error.exit !== EXIT.no) throw error
    const { message, hint } = error
    sound(context, step, { name: 'stop', text: message, ...(hint !== undefined && { hint }), stops: true }, good)
    if (good === undefined) throw error
    throw new HoneError(message, {
      exit: EXIT.no,
      cause: error,
      hint: `${hint === undefined ? '' : `${hint}; `}the last good checkpoint is ${good}`,
    })
  }
}

function sound(
  { emit, clock }: RunContext,
  step: number,
  alarm: Pick<RunEvent & { type: 'alarm' }, 'name' | 'text' | 'hint' | 'stops'>,
  good: string | undefined,
): void {
  emit({ type: 'alarm', time: clock(), step, ...alarm, ...(good !== undefined && { checkpoint: good }) })
}

/** `kept` is not removed to make room for newer ones. */
function save({ store, policy, critic, emit, clock }: RunContext, progress: Progress, kept?: string): string {
  const path = store.checkpoint(progress, policy.state(), critic?.state(), kept)
  emit({ type: 'checkpoint', time: clock(), step: progress.step, path })
  return path
}

function end<Reason extends 'done' | 'interrupted'>({ emit, clock }: RunContext, step: number, reason: Reason): Reason {
  emit({ type: 'end', time: clock(), step, reason })
  return reason
}

/** Every so many steps, and at the end. */
const isDue = (step: number, steps: number, every: number): boolean =>
  step === steps || (every > 0 && step % every === 0)
