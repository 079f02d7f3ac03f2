// What a training run will do and need, worked out from its settings and rows before anything is opened.
import type { Resolved } from '../config.ts'
import { adaptableParameters } from '../gpu/adapter.ts'
import { type ModelConfig, parametersOf } from '../gpu/family.ts'
import { loadConfig } from '../gpu/hf.ts'
import { deadSettings, formulaOf } from './formula.ts'
import { needsReference } from './frozen.ts'
import { openLanguage, promptLimit } from './open.ts'
import type { TrainRecipe } from './recipe.ts'
import { readPrompts } from './rows.ts'
import { stepsOf } from './train.ts'

export interface Plan {
  prompts: number
  prompts_left_out: number
  prompt_tokens: { mean: number; max: number }
  steps: number
  epochs: number
  optimizer_steps_per_step: number
  optimizer_steps: number
  completions: number
  /** At most: every completion at its limit. */
  tokens: number
  parameters: number
  trained_parameters: number
  /** Bytes, float32; an estimate of what is resident at the worst moment. */
  memory: Record<'weights' | 'reference' | 'training' | 'cache' | 'activations' | 'total', number>
  checkpoint_bytes: number
  loss: string[]
  no_effect: string[]
}

/** The plan of `settings`. @throws HoneError for what would stop the run. */
export async function planOf({ value: recipe, origins }: Resolved<TrainRecipe>): Promise<Plan> {
  const config = loadConfig(recipe.model)
  const language = await openLanguage(recipe)
  const limit = promptLimit(recipe.maxPromptLength, recipe.maxCompletionLength, language)
  const { items, tooLong } = await readPrompts(recipe.data, { ...language, limit })
  const lengths = items.map(({ ids }) => ids.length)
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  const max = lengths.reduce((most, length) => Math.max(most, length), 0)
  const steps = stepsOf(recipe, items.length)
  const updates = recipe.iterations * Math.min(recipe.miniBatches, recipe.promptsPerStep)
  const completions = steps * recipe.promptsPerStep * recipe.groupSize
  const parameters = countOf(parametersOf(config).map(({ shape }) => shape))
  const trained = trainedOf(config, recipe)
  return {
    prompts: items.length,
    prompts_left_out: tooLong,
    prompt_tokens: { mean: Math.round(mean), max },
    steps,
    epochs: Number(((steps * recipe.promptsPerStep) / items.length).toFixed(2)),
    optimizer_steps_per_step: updates,
    optimizer_steps: steps * updates,
    completions,
    tokens: Math.round(steps * recipe.promptsPerStep * mean + completions * recipe.maxCompletionLength),
    parameters,
    trained_parameters: trained,
    memory: memoryOf(config, recipe, { parameters, trained, longest: max }),
    checkpoint_bytes: 3 * FLOAT * trained,
    loss: formulaOf(recipe),
    no_effect: deadSettings(recipe, origins),
  }
}

/** The plan for people. */
export function planLines(plan: Plan): [string, string][] {
  const { memory } = plan
  return [
    [
      'prompts',
      `${plan.prompts}${plan.prompts_left_out > 0 ? ` (${plan.prompts_left_out} too long)` : ''}, ${plan.prompt_tokens.mean} tokens on average, ${plan.prompt_tokens.max} at most`,
    ],
    [
      'steps',
      `${plan.steps} rollout batches, ${plan.epochs} epochs, ${plan.optimizer_steps_per_step} optimizer steps each, ${plan.optimizer_steps} in all`,
    ],
    ['completions', `${plan.completions}, at most ${plan.tokens} tokens with their prompts`],
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

/** Bytes of a float32, and of the activations that a backward pass may keep (ACTIVATION_BUDGET of gpu/model.ts). */
const [FLOAT, ACTIVATIONS] = [4, 2 ** 30]
/** Completions decoded together at most (DECODE_ROWS of gpu/generate.ts), and values kept per token, width and layer. */
const [DECODED, KEPT] = [128, 12]

function memoryOf(
  config: ModelConfig,
  recipe: TrainRecipe,
  { parameters, trained, longest }: { parameters: number; trained: number; longest: number },
): Plan['memory'] {
  const { layers, kvHeads, headDim, hidden, intermediate } = config
  const rows = Math.max(recipe.groupSize, Math.min(DECODED, recipe.promptsPerStep * recipe.groupSize))
  const group = longest + recipe.groupSize * recipe.maxCompletionLength
  const cached = Math.ceil(rows / recipe.groupSize) * group
  const micro = Math.max(recipe.microBatchTokens, group)
  const kept = micro * layers * (KEPT * hidden + 3 * intermediate) * FLOAT
  const memory = {
    weights: FLOAT * (parameters + (recipe.loraRank > 0 ? adaptedOf(config, recipe) : 0)),
    reference: needsReference(recipe) && recipe.loraRank === 0 ? FLOAT * parameters : 0,
    training: 3 * FLOAT * trained + (recipe.loraRank > 0 ? FLOAT * trained : 0),
    cache: cached * layers * 2 * kvHeads * headDim * FLOAT,
    activations: Math.min(kept, ACTIVATIONS) + micro * hidden * (layers + 1) * FLOAT,
  }
  return { ...memory, total: Object.values(memory).reduce((sum, bytes) => sum + bytes, 0) }
}

function trainedOf(config: ModelConfig, { loraRank, loraTargets }: TrainRecipe): number {
  if (loraRank === 0) return countOf(parametersOf(config).map(({ shape }) => shape))
  return adaptableParameters(config)
    .filter(({ role }) => loraTargets.some((target) => target === role))
    .reduce((sum, { shape: [out = 0, input = 0] }) => sum + loraRank * (out + input), 0)
}

/** Weights that are kept a second time, merged with their adapter. */
function adaptedOf(config: ModelConfig, { loraTargets }: TrainRecipe): number {
  return countOf(
    adaptableParameters(config).flatMap(({ role, shape }) =>
      loraTargets.some((target) => target === role) ? [shape] : [],
    ),
  )
}

const countOf = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)

function size(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
