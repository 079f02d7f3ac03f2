// Direct preference optimisation: the policy learns from pairs, against log-probs of the reference that are taken once.
import { mean, sum, wilson } from '../eval/statistics.ts'
import type { Metrics } from '../rundir/event.ts'
import type { Law } from '../gpu/policy/law.ts'
import type { PerToken, Policy } from '../gpu/policy/policy.ts'
import { pairLosses, rewardOf, type PairLossRow, type Text } from './loss/pair.ts'
import { begin, evaluate, loop, type LoopContext, phase } from './loop.ts'
import { eachPack, pack } from './pack.ts'
import { groupOf, tokensOf, tokensSeen } from './pair.ts'
import type { DpoRecipe } from './recipe.ts'
import type { Pair, PairReference, Progress, Written } from './record.ts'
import { stepsOf, takeBatch } from './supervised.ts'
import { gather, scatter, trainedTokens } from './trained.ts'

/** The loss in symbols. */
export function formulaOf(recipe: DpoRecipe): string[] {
  const row: PairLossRow = pairLosses[recipe.loss]
  const likelihood =
    recipe.rpoAlpha === 0 ? '' : ` + ${recipe.rpoAlpha}·mean over the chosen tokens of the step [ −log π ]`
  const first = recipe.reference === 'base' ? 'the model without its adapter' : 'the model that training begins with'
  return [
    `loss = mean over the pairs of the optimizer step [ ${row.formula(recipe)} ]${likelihood}`,
    `Δ = log π/π₀ of the chosen text − log π/π₀ of the rejected one, summed over their tokens; π₀ is ${first}`,
  ]
}

/** Texts are weighed as the model gives them. */
const LAW: Law = { temperature: 1 }

export interface DpoContext extends LoopContext {
  recipe: DpoRecipe
  pairs: readonly Pair[]
  /** Pairs that are looked at and not learnt from. */
  heldOutPairs: readonly Pair[]
}

/** Train from `start` to the end or an interruption; the state is saved in both cases. */
export async function dpo(context: DpoContext, start: Progress): Promise<'done' | 'interrupted'> {
  const { recipe, pairs, heldOutPairs } = context
  const steps = stepsOf(recipe, pairs.length)
  await begin(context, start.step, steps, { prompts: pairs.map(({ prompt }) => prompt), law: LAW })
  // Held-out pairs stand behind those that are trained on.
  const heldOut = heldOutPairs.map((pair, i) => ({ ...pair, index: pairs.length + i }))
  const reference = await referenceOf(context, [...pairs, ...heldOut], start.step)
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
          accumulate: (some) => accumulate(some, { ...context, reference, onProgress: phase(context, 'pairs') }),
          tokensOf,
          tokensSeen,
        },
      ),
    async (step) => {
      await evaluate(context, step)
      await compare({ ...context, reference }, heldOut, step)
    },
  )
}

/** Log-probs of every text under the reference. Before the first update the policy is what it is compared with; later what was kept counts. */
async function referenceOf(
  context: DpoContext,
  pairs: readonly Pair[],
  step: number,
): Promise<readonly PairReference[]> {
  const { recipe, policy, store } = context
  const kept = store.reference(pairs, step > 0)
  if (kept) return kept
  const found: PairReference[] = []
  const law = { ...LAW, reference: recipe.reference === 'base' && recipe.loraRank > 0 }
  let done = 0
  await eachPack(pack(pairs, groupOf, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    const { logprobs } = await policy.forward(groups, law)
    items.forEach(({ index, chosen, rejected }, g) => {
      const [first, second] = logprobs[g]!
      found[index] = { chosen: total(first!, chosen), rejected: total(second!, rejected) }
    })
    phase(context, 'reference')((done += items.length), pairs.length)
  })
  store.keepReference(pairs, found)
  return found
}

interface PairContext {
  recipe: Pick<DpoRecipe, 'loss' | 'klCoefficient' | 'labelSmoothing' | 'rpoAlpha' | 'microBatchTokens'>
  policy: Pick<Policy, 'lengths' | 'devices' | 'accumulate'>
  /** By the index of a pair. */
  reference: readonly PairReference[]
  onProgress?: (done: number, total: number) => void
}

/** Forward and backward of the pairs of one optimizer step, micro-batch by micro-batch; its metrics. */
export async function accumulate(pairs: readonly Pair[], context: PairContext): Promise<Metrics> {
  const { recipe, policy, reference } = context
  const chosenTokens = sum(pairs.map(({ chosen }) => trainedTokens(chosen)))
  const rejectedTokens = sum(pairs.map(({ rejected }) => trainedTokens(rejected)))
  const seen: { chosen: Text; rejected: Text; loss: number }[] = []
  let [likelihood, entropy, likeliest] = [0, 0, 0]
  await eachPack(pack(pairs, groupOf, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    await policy.accumulate(groups, { ...LAW, entropy: true, likelier: true }, ({ logprobs, entropies, likelier }) => {
      const slopes: PerToken = items.map((pair, g) => {
        const [first, second] = logprobs[g]!
        const known = reference[pair.index]!
        const chosen = textOf(first!, pair.chosen, known.chosen)
        const rejected = textOf(second!, pair.rejected, known.rejected)
        const { loss, byChosen, byRejected } = pairLosses[recipe.loss].loss(chosen, rejected, recipe)
        seen.push({ chosen, rejected, loss })
        likelihood -= chosen.logps / chosenTokens
        entropy += total(entropies![g]![0]!, pair.chosen) + total(entropies![g]![1]!, pair.rejected)
        likeliest += Array.from(gather(likelier![g]![0]!, pair.chosen)).filter((others) => others < 1).length
        // Means over all pairs and all chosen tokens of the step, however it is cut into micro-batches.
        const slope = byChosen / pairs.length - recipe.rpoAlpha / chosenTokens
        return [everywhere(slope, pair.chosen), everywhere(byRejected / pairs.length, pair.rejected)]
      })
      return { logprobs: slopes }
    })
    context.onProgress?.(seen.length, pairs.length)
  })
  return {
    loss: mean(seen.map(({ loss }) => loss)) + recipe.rpoAlpha * likelihood,
    ...(recipe.rpoAlpha > 0 && { nll_loss: likelihood }),
    ...pairMetrics(seen, recipe.klCoefficient),
    answer_entropy: entropy / (chosenTokens + rejectedTokens),
    mean_token_accuracy: likeliest / chosenTokens,
  }
}

/** Held-out pairs: the metrics of a step, and the share in the right order with its interval of 95 %. */
async function compare(
  context: DpoContext & { reference: readonly PairReference[] },
  pairs: readonly Pair[],
  step: number,
): Promise<void> {
  const { recipe, policy, reference, emit, clock } = context
  if (pairs.length === 0) return
  const seen: { chosen: Text; rejected: Text; loss: number }[] = []
  await eachPack(pack(pairs, groupOf, recipe.microBatchTokens, policy), policy, async ({ items, groups }) => {
    const { logprobs } = await policy.forward(groups, LAW)
    items.forEach((pair, g) => {
      const known = reference[pair.index]!
      const chosen = textOf(logprobs[g]![0]!, pair.chosen, known.chosen)
      const rejected = textOf(logprobs[g]![1]!, pair.rejected, known.rejected)
      seen.push({ chosen, rejected, loss: pairLosses[recipe.loss].loss(chosen, rejected, recipe).loss })
    })
    phase(context, 'evaluation')(seen.length, pairs.length)
  })
  const metrics = pairMetrics(seen, recipe.klCoefficient)
  const right = wilson(Math.round(metrics['rewards/accuracies'] * seen.length), seen.length)
  const figures = {
    loss: mean(seen.map(({ loss }) => loss)),
    ...metrics,
    'rewards/accuracies/low': right.low,
    'rewards/accuracies/high': right.high,
  }
  emit({ type: 'eval', time: clock(), step, figures })
}

/** Named as TRL names them. A tie is no right order. */
function pairMetrics(pairs: readonly { chosen: Text; rejected: Text }[], beta: number) {
  const chosen = pairs.map((pair) => rewardOf(pair.chosen, beta))
  const rejected = pairs.map((pair) => rewardOf(pair.rejected, beta))
  const margins = chosen.map((reward, i) => reward - rejected[i]!)
  return {
    'rewards/chosen': mean(chosen),
    'rewards/rejected': mean(rejected),
    'rewards/margins': mean(margins),
    'rewards/accuracies': mean(margins.map((margin) => Number(margin > 0))),
    'logps/chosen': mean(pairs.map((pair) => pair.chosen.logps)),
    'logps/rejected': mean(pairs.map((pair) => pair.rejected.logps)),
  }
}

const textOf = (logprobs: ArrayLike<number>, written: Written, reference: number): Text => ({
  logps: total(logprobs, written),
  reference,
  tokens: trainedTokens(written),
})

const total = (logprobs: ArrayLike<number>, written: Written): number => sum(Array.from(gather(logprobs, written)))

/** The slope at each own token. */
const everywhere = (slope: number, written: Written): Float32Array =>
  scatter(new Float64Array(trainedTokens(written)).fill(slope), written)
