// What a run will do and need, worked out from its settings and rows before anything is opened.
import type { Resolved } from '../../shell/config.ts'
import { deadSettings, formulaOf, SFT_FORMULA } from '../../rl/formula.ts'
import { needsReference } from '../../rl/freeze.ts'
import { checkpointBytes, type Lora, type Memory, memoryOf, parameterCount, trainedCount } from './memory.ts'
import { openLanguage, promptLimit } from '../open.ts'
import type { SftRecipe, TrainRecipe } from '../../rl/recipe.ts'
import { readExamples, readPrompts } from '../train/rows.ts'
import { stepsOf as sftStepsOf } from '../../rl/sft.ts'
import { stepsOf } from '../../rl/train.ts'

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

/** The plan of a run of `train`. @throws HoneError for what would stop the run. */
export async function planTrain({ value: recipe, origins }: Resolved<TrainRecipe>): Promise<Plan> {
  const language = await openLanguage(recipe)
  const { config } = language
  const limit = promptLimit(recipe.maxPromptLength, recipe.maxCompletionLength, language)
  const { items, tooLong } = await readPrompts(recipe.data, { ...language, limit })
  const tokens = spread(items.map(({ ids }) => ids.length))
  const { promptsPerStep, groupSize, maxCompletionLength } = recipe
  const steps = stepsOf(recipe, items.length)
  const updates = recipe.iterations * Math.min(recipe.miniBatches, promptsPerStep)
  const completions = steps * promptsPerStep * groupSize
  const group = tokens.max + groupSize * maxCompletionLength
  return {
    rows: items.length,
    rows_left_out: tooLong,
    row_tokens: tokens,
    steps,
    epochs: Number(((steps * promptsPerStep) / items.length).toFixed(2)),
    optimizer_steps_per_step: updates,
    optimizer_steps: steps * updates,
    completions,
    tokens: Math.round(steps * promptsPerStep * tokens.mean + completions * maxCompletionLength),
    ...sizesOf(config, recipe),
    memory: memoryOf(config, recipe, {
      reference: needsReference(recipe),
      cached: Math.min(promptsPerStep * group, Math.max(recipe.rolloutTokens, group)),
      micro: Math.max(recipe.microBatchTokens, group),
    }),
    loss: formulaOf(recipe),
    no_effect: deadSettings(recipe, origins),
  }
}

/** The plan of a run of `sft`. @throws HoneError for what would stop the run. */
export async function planSft({ value: recipe }: Resolved<SftRecipe>): Promise<Plan> {
  const language = await openLanguage(recipe)
  const { config } = language
  const limit = Math.min(recipe.maxLength ?? language.positions, language.positions)
  const { items, tooLong } = await readExamples(recipe.data, { ...language, limit })
  const tokens = spread(items.map(({ prompt, completion }) => prompt.length + completion.length))
  const steps = sftStepsOf(recipe, items.length)
  return {
    rows: items.length,
    rows_left_out: tooLong,
    row_tokens: tokens,
    steps,
    epochs: Number(((steps * recipe.batchSize) / items.length).toFixed(2)),
    optimizer_steps_per_step: 1,
    optimizer_steps: steps,
    completions: 0,
    tokens: Math.round(steps * recipe.batchSize * tokens.mean),
    ...sizesOf(config, recipe),
    memory: memoryOf(config, recipe, {
      reference: false,
      cached: 0,
      micro: Math.max(recipe.microBatchTokens, tokens.max),
    }),
    loss: [SFT_FORMULA],
    no_effect: [],
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

function sizesOf(config: Parameters<typeof memoryOf>[0], lora: Lora) {
  return {
    parameters: parameterCount(config),
    trained_parameters: trainedCount(config, lora),
    checkpoint_bytes: checkpointBytes(config, lora),
  }
}

function spread(lengths: readonly number[]): { mean: number; max: number } {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  return { mean: total / lengths.length, max: lengths.reduce((most, length) => Math.max(most, length), 0) }
}

function size(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
