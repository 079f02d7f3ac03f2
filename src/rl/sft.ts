// Supervised fine-tuning: the same loop without rollouts, on the log-likelihood of completions.
import type { Metrics } from '../rundir/event.ts'
import { sum } from '../eval/statistics.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { PerToken } from '../gpu/policy/policy.ts'
import type { Progress, Written } from './record.ts'
import { begin, evaluate, loop, type LoopContext, phase } from './loop.ts'
import { eachPack, pack } from './pack.ts'
import type { SftRecipe } from './recipe.ts'
import { stepsOf, takeBatch } from './supervised.ts'
import { gather, scatter, trainedTokens } from './trained.ts'

/** The loss in symbols. */
export const FORMULA = 'loss = mean over the completion tokens of the optimizer step [ −log π ]'

/** Tokens are imitated as the model gives them. */
const LAW: Law = { temperature: 1 }

/** A prompt and the completion to imitate, in token ids: what is given to the model within it is read and not learnt. */
export interface Example {
  /** Of its row. */
  id: string
  prompt: readonly number[]
  completion: Written
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

export const tokensOf = ({ prompt, completion }: Example): number => prompt.length + completion.ids.length

/** Forward and backward of the examples of one optimizer step, micro-batch by micro-batch; its loss. */
async function accumulate(examples: readonly Example[], context: SftContext): Promise<Metrics> {
  const { recipe, policy } = context
  const targets = sum(examples.map(({ completion }) => trainedTokens(completion)))
  let [loss, entropy, likeliest] = [0, 0, 0]
  let done = 0
  const groupOf = ({ prompt, completion }: Example) => ({ prompt, completions: [completion.ids] })
  await eachPack(pack(examples, groupOf, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    await policy.accumulate(groups, { ...LAW, entropy: true, likelier: true }, ({ logprobs, entropies, likelier }) => {
      // The mean over all completion tokens of the step, however it is cut into micro-batches.
      const slopes = items.map(({ completion }, g) => {
        const own = (values: PerToken) => Array.from(gather(values[g]![0]!, completion))
        loss -= sum(own(logprobs)) / targets
        entropy += sum(own(entropies!)) / targets
        likeliest += own(likelier!).filter((others) => others < 1).length
        return [scatter(new Float64Array(trainedTokens(completion)).fill(-1 / targets), completion)]
      })
      return { logprobs: slopes }
    })
    phase(context, 'examples')((done += groups.length), examples.length)
  })
  return { loss, answer_entropy: entropy, mean_token_accuracy: likeliest / targets }
}
