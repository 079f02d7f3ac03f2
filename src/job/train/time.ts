// How long a run will take, estimated before it starts: the products that its passes need, at the pace that the device was measured at.
import type { Device } from '../../gpu/device/device.ts'
import { parameterCount, trainedCount } from '../../gpu/policy/memory.ts'
import { placesText } from '../../gpu/device/spec.ts'
import { productRate } from '../../gpu/policy/speed.ts'
import { type ModelConfig, shapeOf } from '../../gpu/weights/family.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { duration } from '../../shell/duration.ts'
import { trainingOf } from '../open.ts'
import { sizesOf } from './needs.ts'
import type { Prepared } from './prepare.ts'

export interface Estimate {
  /** Seconds of the whole run, evaluations included. */
  seconds: number
  /** Seconds of one step. */
  step: number
  /** Completions are counted at their limit: those that end before take less. */
  atMost: boolean
}

/** Rows of the products that are measured: enough for the full pace, few enough that one is over before another program interrupts it. */
const ROWS = 64
/** Passes over the model in terms of a forward one: backward is two more. */
const PASSES = { forward: 1, training: 3 }
/**
 * What norms, rotations, softmax and moving data cost beside products: as much as so many multiply-adds for each hidden unit, layer
 * and token. Measured on the CPU: 3,500 for MiniCall's model (2.5 million parameters), 4,300 for SmolLM2-135M.
 */
const BESIDE = 4000

/** Estimated from the work of the passes and the pace of one product: what is shared between completions, or skipped, is not taken off. */
export function estimate(ready: Prepared, recipe: CommonRecipe, device: Device): Estimate {
  const { kind, language, answers } = ready
  const { config } = language
  const { tokens, step } = sizesOf(ready, recipe, device)
  const whole = productRate(device, config, ROWS)
  // Of a token: the weights, and the keys and values of the context before it.
  const costOf = (context: number) =>
    parameterCount(config) - embedding(config) + config.layers * config.hidden * (2 * context + BESIDE)
  const read = (count: number, context: number, passes: number) => (count * passes * costOf(context / 2)) / whole
  const completion = recipe.maxCompletionLength ?? 0
  const decoding = (count: number, context: number) =>
    count === 0 ? 0 : (count * completion * costOf(context)) / productRate(device, config, Math.min(count, ROWS))
  const sampled = step.completionsPerStep
  /** What a server samples takes its time, of which nothing is known. */
  const here = step.elsewhere ? 0 : sampled
  const longest = tokens.mean + completion
  const given = step.itemsPerStep * tokens.mean + sampled * completion
  const passes = PASSES.training * (step.passes ?? 1) + (kind.needsReference(recipe) ? PASSES.forward : 0)
  const ofStep =
    read(step.itemsPerStep * tokens.mean, tokens.mean, here > 0 ? PASSES.forward : 0) +
    decoding(here, longest) +
    read(given, longest, passes)
  const asked = (answers?.heldOut ?? []).flatMap(({ prompts }) => prompts)
  const ofEvaluation =
    read(
      asked.reduce((sum, { ids }) => sum + ids.length, 0),
      tokens.mean,
      PASSES.forward,
    ) + decoding(asked.length, longest)
  const evaluations =
    (recipe.evalAtStart ? 1 : 0) + (recipe.evalEvery > 0 ? Math.ceil(step.steps / recipe.evalEvery) : 1)
  // GPUs do it together; of a CPU every process has a part.
  const together = device.name === 'cpu' ? 1 : recipe.processes
  const seconds = (step.steps * ofStep + evaluations * ofEvaluation) / together
  return { seconds, step: ofStep / together, atMost: sampled > 0 || asked.length > 0 }
}

/** The embedding is looked up, not multiplied with, unless it is the head too. */
function embedding(config: ModelConfig): number {
  const [rows = 0, width = 0] = shapeOf(config, 'embed')
  return config.tied ? 0 : rows * width
}

/** The first line of a run: what is trained on what, and how long that will take. */
export function beginning(name: string, ready: Prepared, recipe: CommonRecipe, device: Device): string {
  const { kind, language, items } = ready
  const { step } = sizesOf(ready, recipe, device)
  const sampled = step.completionsPerStep > 0 ? `, ${step.completionsPerStep} completions each` : ''
  const trained = `${large(trainedCount(language.config, trainingOf(recipe)))} of ${large(parameterCount(language.config))} parameters`
  return `${name}: ${step.steps} steps over ${items.length} ${kind.items}${sampled}, ${trained} on ${placesText(device.name, recipe.processes)}; ${estimateText(estimate(ready, recipe, device))}`
}

const large = (count: number): string =>
  new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(count)

/** For people: `estimate: at most 4m10s, 5s a step`. */
export function estimateText({ seconds, step, atMost }: Estimate): string {
  const about = atMost ? 'at most about' : 'about'
  return `estimate: ${about} ${duration(seconds)}, ${step < 10 ? `${step.toPrecision(2)}s` : duration(step)} a step${atMost ? ', with every completion at its limit' : ''}`
}
