// Supervised fine-tuning: the same loop without rollouts, on the log-likelihood of completions.
import type { Metrics } from '../rundir/event.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { Progress } from './record.ts'
import { begin, evaluate, loop, type LoopContext, phase } from './loop.ts'
import { breathe, pack } from './pack.ts'
import type { SftRecipe } from './recipe.ts'
import { stepsOf, takeBatch } from './supervised.ts'

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
    async (step, position) =>
      await takeBatch(
        context,
        examples,
        { step, steps, position },
        {
          accumulate: (some) => accumulate(some, context),
          tokensOf,
          tokensSeen: tokensOf,
        },
      ),
    async (step) => await evaluate(context, step),
  )
}

export const tokensOf = ({ prompt, completion }: Example): number => prompt.length + completion.length

/** Forward and backward of the examples of one optimizer step, micro-batch by micro-batch; its loss. */
async function accumulate(examples: readonly Example[], context: SftContext): Promise<Metrics> {
  const { recipe, policy } = context
  const targets = examples.reduce((sum, { completion }) => sum + completion.length, 0)
  let [loss, entropy, likeliest] = [0, 0, 0]
  let done = 0
  const groupOf = ({ prompt, completion }: Example) => ({ prompt, completions: [completion] })
  for (const { groups } of pack(examples, groupOf, recipe.microBatchTokens, policy.lengths)) {
    policy.accumulate(groups, { ...LAW, entropy: true, likelier: true }, ({ logprobs, entropies, likelier }) => {
      // The mean over all completion tokens of the step, however it is cut into micro-batches.
      for (const tokens of logprobs.flat()) for (const logprob of tokens) loss -= logprob / targets
      for (const tokens of entropies!.flat()) for (const each of tokens) entropy += each / targets
      for (const tokens of likelier!.flat()) for (const others of tokens) likeliest += Number(others < 1)
      return { logprobs: logprobs.map((group) => group.map((tokens) => tokens.map(() => -1 / targets))) }
    })
    phase(context, 'examples')((done += groups.length), examples.length)
    await breathe()
  }
  return { loss, answer_entropy: entropy, mean_token_accuracy: likeliest / targets }
}
