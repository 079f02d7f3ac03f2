// What a run will do and need: a dry run that reads and opens what it would, and writes nothing.
import type { Resolved } from '../../shell/config.ts'
import { checkpointBytes, type Memory, parameterCount, trainedCount } from '../../gpu/policy/memory.ts'
import { trainingOf } from '../open.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { loadAdapter } from '../../gpu/weights/adapter.ts'
import type { HeadKind } from '../../gpu/weights/family.ts'
import { openWeights } from '../../gpu/weights/weights.ts'
import { openDevice } from '../../gpu/device/open.ts'
import { placesText } from '../../gpu/device/spec.ts'
import { isRun } from '../../rundir/paths.ts'
import { modelFolder } from '../model-folder.ts'
import { findKind } from '../train/kinds.ts'
import { fitted } from '../train/fit.ts'
import { lacking, size, sizesOf } from '../train/needs.ts'
import { prepare } from '../train/prepare.ts'
import { estimate, estimateText } from '../train/time.ts'

export interface Plan {
  kind: string
  /** Name of the device that was opened, and processes with a device each. */
  device: string
  processes: number
  /** The run that the directory holds already, which this one cannot be started beside; null where it is free. */
  holds: string | null
  rows: number
  rows_left_out: number
  /** Of prompts, or of prompt and completion where they are imitated. */
  row_tokens: { mean: number; max: number }
  steps: number
  epochs: number
  optimizer_steps_per_step: number
  optimizer_steps: number
  /** Completions that are sampled. */
  completions: number
  /** At most: every completion at its limit. */
  tokens: number
  parameters: number
  trained_parameters: number
  /** Of each process. */
  memory: Memory
  /** What of it is the first that the machine has no room for; null where all has, or the device has memory of its own. */
  no_room: string | null
  /** Seconds that the run takes, estimated from how fast the device multiplies; `at_most` where completions are counted at their limit. */
  estimated_seconds: number
  estimated_seconds_per_step: number
  at_most: boolean
  /** What judges completions, loaded and tried; null where nothing does. */
  reward: string | null
  /** Held-out rows by file. */
  held_out: { name: string; rows: number }[]
  /** The environment, or the agent, that answers what the model writes; null where none does. One of the user's was begun once. */
  environment: string | null
  checkpoint_bytes: number
  /** In symbols. */
  loss: string[]
  /** Settings that were given in vain, and why. */
  no_effect: string[]
}

/** The plan of a run of that kind: all that it would read is read, its device is opened, nothing is written. @throws HoneError for what would stop the run. */
export async function planOf(name: string, asked: Resolved<CommonRecipe>): Promise<Plan> {
  const { value: recipe, origins } = fitted(findKind(name), asked)
  const ready = await prepare(name, recipe, new Date())
  const { kind, language, items, tooLong, answers } = ready
  ready.close()
  const { config } = language
  checkFolder(recipe, kind.head)
  const device = await openDevice(recipe.device, { threads: recipe.threads ?? undefined, dtype: recipe.dtype })
  const { tokens, step, memory } = sizesOf(ready, recipe, device)
  const time = estimate(ready, recipe, device)
  const { steps, itemsPerStep, optimizerStepsPerStep } = step
  const completions = steps * step.completionsPerStep
  const training = trainingOf(recipe)
  return {
    kind: name,
    device: device.name,
    processes: recipe.processes,
    holds: isRun(recipe.output) ? recipe.output : null,
    rows: items.length,
    rows_left_out: tooLong,
    row_tokens: tokens,
    steps,
    epochs: Number(((steps * itemsPerStep) / items.length).toFixed(2)),
    optimizer_steps_per_step: optimizerStepsPerStep,
    optimizer_steps: steps * optimizerStepsPerStep,
    completions,
    tokens: Math.round(steps * itemsPerStep * tokens.mean + completions * (recipe.maxCompletionLength ?? 0)),
    parameters: parameterCount(config),
    trained_parameters: trainedCount(config, training),
    checkpoint_bytes: checkpointBytes(config, training),
    memory,
    no_room: lacking(memory, device, recipe.processes) ?? null,
    estimated_seconds: Number(time.seconds.toPrecision(3)),
    estimated_seconds_per_step: Number(time.step.toPrecision(3)),
    at_most: time.atMost,
    reward: kind.reward(recipe) ?? null,
    held_out: (answers?.heldOut ?? []).map(({ name, prompts }) => ({ name, rows: prompts.length })),
    environment: ready.stage?.name ?? null,
    loss: kind.formula(recipe),
    no_effect: kind.noEffect(recipe, origins),
  }
}

/** The plan for people: what, and how much. */
export function planLines(plan: Plan): [string, string][] {
  const { row_tokens: tokens, memory } = plan
  const leftOut = plan.rows_left_out > 0 ? ` (${plan.rows_left_out} too long)` : ''
  const sampled = plan.completions > 0 ? `${plan.completions} completions sampled, ` : ''
  return [
    ['kind', `${plan.kind}: ${findKind(plan.kind).what}, on ${placesText(plan.device, plan.processes)}`],
    ...(plan.holds === null ? [] : [['output', `${plan.holds} holds a run already`] satisfies [string, string]]),
    ['rows', `${plan.rows}${leftOut}, ${tokens.mean.toFixed(0)} tokens on average, ${tokens.max} at most`],
    [
      'steps',
      `${plan.steps}, ${plan.epochs} epochs; optimizer steps: ${plan.optimizer_steps_per_step} each, ${plan.optimizer_steps} in all`,
    ],
    [
      'time',
      estimateText({ seconds: plan.estimated_seconds, step: plan.estimated_seconds_per_step, atMost: plan.at_most }),
    ],
    ...(plan.reward === null ? [] : [['reward', plan.reward] satisfies [string, string]]),
    ...(plan.environment === null ? [] : [['environment', plan.environment] satisfies [string, string]]),
    ...plan.held_out.map(({ name, rows }): [string, string] => ['held out', `${name}, ${rows} rows`]),
    ['tokens', `${sampled}at most ${plan.tokens} tokens in all`],
    ['parameters', `${plan.parameters}, of which ${plan.trained_parameters} are trained`],
    ...Object.entries(memory).map(([part, bytes]): [string, string] => [
      part === 'total' ? `memory${plan.processes > 1 ? ' of each process' : ''}, about` : `  ${part}`,
      size(bytes),
    ]),
    ...(plan.no_room === null ? [] : [['no room', plan.no_room] satisfies [string, string]]),
    ['checkpoint', size(plan.checkpoint_bytes)],
    ...plan.loss.map((line, i): [string, string] => [i === 0 ? 'formula' : '', line]),
    ...plan.no_effect.map((line, i): [string, string] => [i === 0 ? 'no effect' : '', line]),
  ]
}

/** What the model's weights and adapter are, without reading their values. @throws HoneError where they do not fit its configuration. */
function checkFolder(recipe: CommonRecipe, head: HeadKind): void {
  const { model, adapter } = modelFolder(recipe.model, recipe.adapter ?? undefined)
  const { config, close } = openWeights(model, head, { fresh: recipe.seed })
  close()
  if (adapter !== undefined) loadAdapter(adapter, config)
}
