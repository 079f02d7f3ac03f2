// Supervised fine-tuning: the same loop without rollouts, on the log-likelihood of completions.
import type { Law } from '../gpu/policy/law.ts'
import type { Progress } from './record.ts'
import { begin, evaluate, loop, type LoopContext, phase, type Stepped } from './loop.ts'
import { inOrder } from './order.ts'
import { breathe, pack } from './pack.ts'
import type { SftRecipe } from './recipe.ts'
import { updateOptions } from './schedule.ts'
import { requireFinite } from './sound.ts'

/** The loss in symbols. */
export const FORMULA = 'loss = mean over the completion tokens of the optimizer step [ −log π ]'

/** Tokens are imitated as the model gives them. */
const LAW: Law = { temperature: 1 }

/** A prompt and the completion to imitate, in token ids. */
export interface Example {
  /** Of its row. */
  id: string
  prompt: readonly number[]
  completion: readonly number[]
}

export interface SftContext extends LoopContext {
  recipe: SftRecipe
  examples: readonly Example[]
}

/** Train from `start` to the end or an interruption; the state is saved in both cases. */
export async function sft(context: SftContext, start: Progress): Promise<'done' | 'interrupted'> {
  const { recipe, examples } = context
  const steps = stepsOf(recipe, examples.length)
  await begin(context, start.step, steps, { prompts: examples.map(({ prompt }) => prompt), law: LAW })
  return await loop(
    context,
    start,
    steps,
    async (step, position) => await takeStep(context, step, steps, position),
    async (step) => await evaluate(context, step),
  )
}

/** Optimizer steps of the whole run. */
export function stepsOf({ steps, epochs, batchSize }: SftRecipe, examples: number): number {
  return steps ?? Math.max(1, Math.floor((epochs * examples) / batchSize))
}

async function takeStep(context: SftContext, step: number, steps: number, position: number): Promise<Stepped> {
  const { recipe, policy, clock } = context
  const started = clock()
  const examples = inOrder(context.examples, recipe.seed, position, recipe.batchSize).map(({ item }) => item)
  const targets = examples.reduce((sum, { completion }) => sum + completion.length, 0)
  const loss = await accumulate(examples, context)
  const update = updateOptions(recipe, step, steps)
  const { gradNorm } = policy.update(update)
  await requireFinite(gradNorm, policy, step, {
    items: examples,
    rowOf: ({ id }) => id,
    again: (example) => accumulate([example], context),
  })
  const tokens = examples.reduce((sum, { prompt }) => sum + prompt.length, targets)
  const seconds = (clock() - started) / 1000
  const figures = {
    loss,
    grad_norm: gradNorm,
    learning_rate: update.learningRate,
    tokens_per_second: tokens / Math.max(seconds, 1e-3),
    step_time: seconds,
  }
  return { position: position + recipe.batchSize, tokens, figures }
}

/** Forward and backward of the examples of one optimizer step, micro-batch by micro-batch; its loss. */
async function accumulate(examples: readonly Example[], context: SftContext): Promise<number> {
  const { recipe, policy } = context
  const targets = examples.reduce((sum, { completion }) => sum + completion.length, 0)
  let loss = 0
  let done = 0
  const groupOf = ({ prompt, completion }: Example) => ({ prompt, completions: [completion] })
  for (const { groups } of pack(examples, groupOf, recipe.microBatchTokens)) {
    policy.accumulate(groups, LAW, ({ logprobs }) => {
      // The mean over all completion tokens of the step, however it is cut into micro-batches.
      for (const tokens of logprobs.flat()) for (const logprob of tokens) loss -= logprob / targets
      return { logprobs: logprobs.map((group) => group.map((tokens) => tokens.map(() => -1 / targets))) }
    })
    phase(context, 'examples')((done += groups.length), examples.length)
    await breathe()
  }
  return loss
}
