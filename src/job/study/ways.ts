// Other ways to answer than by the likeliest tokens, asked as `hone eval` asks: several samples of which one is right, thoughts on a budget.
import * as v from 'valibot'
import { benchmarks } from '../../eval/benchmarks.ts'
import { mean } from '../../eval/statistics.ts'
import type { CommonRecipe } from '../../rl/recipe.ts'
import { ask } from '../evaluate/ask.ts'
import { EvalFlags } from '../evaluate/flags.ts'
import { judgedByReward } from '../evaluate/rewarded.ts'
import { count } from '../../text/setting.ts'

const { samples, temperature, seed, thinkEnd, maxNewTokens } = EvalFlags.entries
/** Flags of `hone eval` that a study may give; of several samples one that is right is enough. */
export const Way = v.strictObject({
  samples,
  temperature,
  seed,
  thinkBudget: v.optional(count()),
  thinkEnd,
  maxNewTokens,
})
export type Way = v.InferOutput<typeof Way>

/** Percent of the rows of all files to which the recipe's model finds a right answer that way. @throws HoneError */
export async function rightBy(
  { thinkBudget, maxNewTokens, ...way }: Way,
  recipe: CommonRecipe & { evalReward: string; maxCompletionLength: number },
): Promise<number> {
  const right = new Map<string, boolean>()
  for (const data of recipe.evalData) {
    const flags = v.parse(EvalFlags, {
      ...way,
      bench: 'rows',
      data,
      reward: recipe.evalReward,
      thinkBudget: thinkBudget === undefined ? [] : [thinkBudget],
      maxNewTokens: maxNewTokens ?? recipe.maxCompletionLength,
      model: recipe.model,
      prompt: recipe.prompt,
      device: recipe.device,
      limit: recipe.evalRows ?? undefined,
    })
    const judge = await judgedByReward(await benchmarks.rows.open(data, flags), data, recipe.evalReward)
    const { responses, close } = await ask(flags, benchmarks.rows)
    try {
      for await (const response of responses) {
        const { id, score } = await judge.judge(response)
        const row = `${data}:${id}`
        right.set(row, right.get(row) === true || score >= 1)
      }
    } finally {
      close()
      judge.close()
    }
  }
  return 100 * mean([...right.values()].map(Number))
}
