// A reward model: a scalar head learns to score the better text of a pair higher (Bradley and Terry).
import { mean, wilson } from '../eval/statistics.ts'
import type { Metrics } from '../rundir/event.ts'
import type { PerToken } from '../gpu/policy/policy.ts'
import type { Scorer } from '../gpu/policy/scorer.ts'
import { sigmoid, softplus } from './loss/pair.ts'
import { loop, phase, type RunContext } from './loop.ts'
import { eachPack, pack } from './pack.ts'
import { scoredGroup, tokensOf, tokensSeen } from './pair.ts'
import type { RmRecipe } from './recipe.ts'
import type { Pair, Progress } from './record.ts'
import { stepsOf, takeBatch } from './supervised.ts'

/** The loss in symbols. */
export function formulaOf({ centerRewardsCoefficient: c }: Pick<RmRecipe, 'centerRewardsCoefficient'>): string[] {
  const centring = c === 0 ? '' : ` + ${c}·(s_chosen + s_rejected)²`
  return [`loss = mean over the pairs of the optimizer step [ −log σ(s_chosen − s_rejected)${centring} ]`]
}

export interface RmContext extends RunContext {
  recipe: RmRecipe
  policy: Scorer
  pairs: readonly Pair[]
  heldOut: readonly Pair[]
}

/** Train from `start` to the end or an interruption; the state is saved in both cases. */
export async function rm(context: RmContext, start: Progress): Promise<'done' | 'interrupted'> {
  const { recipe, policy, pairs, device, emit, clock } = context
  const steps = stepsOf(recipe, pairs.length)
  emit({ type: 'start', time: clock(), step: start.step, steps, trainable: policy.trainable, device })
  return await loop(
    context,
    start,
    steps,
    async (step, position) =>
      await takeBatch(
        context,
        pairs,
        { step, steps, position },
        {
          accumulate: (some) => accumulate(some, { ...context, onProgress: phase(context, 'pairs') }),
          tokensOf,
          tokensSeen,
        },
      ),
    async (step) => await compare(context, step),
  )
}

interface PairContext<Model> {
  recipe: Pick<RmRecipe, 'centerRewardsCoefficient' | 'microBatchTokens'>
  policy: Model
  onProgress?: (done: number, total: number) => void
}

/** Scores of a pair's texts. */
type Scores = [chosen: number, rejected: number]

/** Forward and backward of the pairs of one optimizer step, micro-batch by micro-batch; its metrics. */
export async function accumulate(
  pairs: readonly Pair[],
  { recipe, policy, onProgress }: PairContext<Pick<Scorer, 'lengths' | 'devices' | 'accumulate'>>,
): Promise<Metrics> {
  const { centerRewardsCoefficient: centring } = recipe
  const seen: Scores[] = []
  await eachPack(pack(pairs, scoredGroup, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    await policy.accumulate(groups, (values) => {
      const scores = values.map(scoresOf)
      seen.push(...scores)
      return values.map((texts, g): PerToken[number] => {
        const [chosen, rejected] = scores[g]!
        const slope = -sigmoid(rejected - chosen)
        const pull = 2 * centring * (chosen + rejected)
        return [slope + pull, pull - slope].map((each, i) => lastOnly(texts[i]!.length, each / pairs.length))
      })
    })
    onProgress?.(seen.length, items.length)
  })
  return metricsOf(seen, centring)
}

/** Held-out pairs: the share in the right order, with its interval of 95 %. */
async function compare(context: RmContext, step: number): Promise<void> {
  const { recipe, policy, heldOut, emit, clock } = context
  if (heldOut.length === 0) return
  const seen: Scores[] = []
  await eachPack(pack(heldOut, scoredGroup, recipe.microBatchTokens, policy), policy, async ({ groups }) => {
    seen.push(...(await policy.values(groups)).map(scoresOf))
    phase(context, 'evaluation')(seen.length, heldOut.length)
  })
  const right = wilson(seen.filter(isRight).length, seen.length)
  const figures = {
    ...metricsOf(seen, recipe.centerRewardsCoefficient),
    'accuracy/low': right.low,
    'accuracy/high': right.high,
  }
  emit({ type: 'eval', time: clock(), step, figures })
}

/** Named as TRL names them. */
function metricsOf(scores: readonly Scores[], centring: number): Metrics {
  const all = scores.flat()
  return {
    loss: mean(scores.map(([s, t]) => softplus(t - s) + centring * (s + t) ** 2)),
    accuracy: mean(scores.map((pair) => Number(isRight(pair)))),
    margin: mean(scores.map(([chosen, rejected]) => chosen - rejected)),
    mean_reward: mean(all),
    min_reward: Math.min(...all),
    max_reward: Math.max(...all),
  }
}

/** A tie is no right order. */
const isRight = ([chosen, rejected]: Scores): boolean => chosen > rejected

const scoresOf = ([chosen, rejected]: PerToken[number]): Scores => [chosen!.at(-1)!, rejected!.at(-1)!]

/** Of a text of so many values, a slope at the last alone. */
const lastOnly = (length: number, slope: number): Float32Array => new Float32Array(length).fill(slope, length - 1)
