// What a run will do and need, worked out from its settings and rows before anything is opened.
import type { Resolved } from '../../shell/config.ts'
import { mean } from '../../eval/statistics.ts'
import { float32 } from '../../gpu/net/precision.ts'
import { checkpointBytes, type Memory, memoryOf, parameterCount, trainedCount } from '../../gpu/policy/memory.ts'
import { openLanguage, trainingOf } from '../open.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { checkRows } from '../train/check-rows.ts'
import { findKind } from '../train/kinds.ts'
import { readPromptSets } from '../train/rows.ts'

export interface Plan {
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
  memory: Memory
  checkpoint_bytes: number
  /** In symbols. */
  loss: string[]
  /** Settings that were given in vain, and why. */
  no_effect: string[]
}

/** The plan of a run of that kind. @throws HoneError for what would stop the run. */
export async function planOf(name: string, { value: recipe, origins }: Resolved<CommonRecipe>): Promise<Plan> {
  const kind = findKind(name)
  const language = await openLanguage(recipe)
  const { config } = language
  const limits = kind.limits(recipe, language)
  const { items, tooLong, first } = await kind.read(recipe.data, { ...language, limit: limits.items })
  const heldOut = await readPromptSets(recipe.evalData, { ...language, limit: limits.heldOut }, recipe.evalRows)
  checkRows(kind, recipe, language, { taught: first, heldOut: heldOut.first })
  const tokens = spread(items.map((item) => kind.tokensOf(item)))
  const step = kind.plan(recipe, { count: items.length, maxTokens: tokens.max })
  const { steps, itemsPerStep, optimizerStepsPerStep, cached, micro } = step
  const rows = step.completionsPerStep
  const completions = steps * rows
  const [training, reference] = [trainingOf(recipe), kind.needsReference(recipe)]
  return {
    rows: items.length,
    rows_left_out: tooLong,
    row_tokens: tokens,
    steps,
    epochs: Number(((steps * itemsPerStep) / items.length).toFixed(2)),
    optimizer_steps_per_step: optimizerStepsPerStep,
    optimizer_steps: steps * optimizerStepsPerStep,
    completions,
    tokens: Math.round(steps * itemsPerStep * tokens.mean + completions * recipe.maxCompletionLength),
    parameters: parameterCount(config),
    trained_parameters: trainedCount(config, training),
    checkpoint_bytes: checkpointBytes(config, training),
    memory: memoryOf({ config, precision: float32 }, { training, reference, cached, rows, micro }),
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
    ['rows', `${plan.rows}${leftOut}, ${tokens.mean.toFixed(0)} tokens on average, ${tokens.max} at most`],
    [
      'steps',
      `${plan.steps}, ${plan.epochs} epochs; optimizer steps: ${plan.optimizer_steps_per_step} each, ${plan.optimizer_steps} in all`,
    ],
    ['tokens', `${sampled}at most ${plan.tokens} tokens in all`],
    ['parameters', `${plan.parameters}, of which ${plan.trained_parameters} are trained`],
    ...Object.entries(memory).map(([part, bytes]): [string, string] => [
      part === 'total' ? 'memory, about' : `  ${part}`,
      size(bytes),
    ]),
    ['checkpoint', size(plan.checkpoint_bytes)],
    ...plan.loss.map((line, i): [string, string] => [i === 0 ? 'formula' : '', line]),
    ...plan.no_effect.map((line, i): [string, string] => [i === 0 ? 'no effect' : '', line]),
  ]
}

function spread(lengths: readonly number[]): { mean: number; max: number } {
  return { mean: mean(lengths), max: lengths.reduce((most, length) => Math.max(most, length), 0) }
}

function size(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
