// Held-out evaluation: greedy completions of rows that are never trained on, and the share that is exactly right.
import type { CallFormat } from '../dialogue/call/format.ts'
import { isExact } from '../eval/rows/bench.ts'
import { bootstrap, mean, sum, wilson } from '../eval/statistics.ts'
import type { Metrics } from '../rundir/event.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import { completeAll, type Stage } from './play.ts'
import type { Answer, Judge, PromptSet } from './record.ts'
import { isTruncated, trainedTokens } from './trained.ts'

export interface HeldOutContext {
  policy: Pick<Policy, 'open'>
  sampling: Sampling
  judge: Judge
  /** Reads the calls that decide whether an answer is exact; without one a reward of 1 or more says so. */
  reader: Pick<CallFormat, 'parse'> | undefined
  step: number
  stage?: Stage | undefined
  onProgress?: (done: number, total: number) => void
}

/** Greedy answers to all prompts of all sets, in order. */
export async function answer(sets: readonly PromptSet[], context: HeldOutContext): Promise<Answer[]> {
  const { policy, sampling, judge, reader, step } = context
  const requests = sets.flatMap(({ name, prompts }) =>
    prompts.map((item) => ({ set: name, item, prompt: item.ids, samples: 1, key: [] })),
  )
  const { onProgress, stage } = context
  const rollouts = await completeAll(policy, requests, { ...sampling, temperature: 0 }, { onProgress, stage })
  const judged = await judge(rollouts, step)
  return rollouts.map(({ prompt, completions }, i) => {
    const { text, verdict } = judged[i]![0]!
    // Of an episode the reward alone can say whether it ended well.
    const exact = stage || !reader ? verdict.score >= 1 : isExact(reader.parse(text), prompt.row)
    return { ...completions[0]!, set: requests[i]!.set, prompt, text, verdict, exact }
  })
}

/**
 * Share of exact answers per set and the mean over sets, each with an interval of 95 %: Wilson's, or by bootstrap for a mean
 * over sets of unequal size.
 */
export function metricsOf(answers: readonly Answer[], sets: readonly PromptSet[]): Metrics {
  const shares = sets.map(({ name }) => {
    const exact = answers.filter(({ set }) => set === name).map((each) => Number(each.exact))
    return { name, exact, interval: wilson(sum(exact), exact.length) }
  })
  const all = shares.flatMap(({ exact }) => exact)
  const unequal = shares.some(({ exact }) => exact.length !== shares[0]!.exact.length)
  const weighted = shares.flatMap(({ exact }) =>
    exact.map((value) => (value * all.length) / (sets.length * exact.length)),
  )
  const whole = unequal ? bootstrap(weighted) : wilson(sum(all), all.length)
  const figures: Metrics = {
    exact_match: whole.estimate,
    'exact_match/low': whole.low,
    'exact_match/high': whole.high,
    reward: mean(answers.map(({ verdict }) => verdict.score)),
    'completions/mean_length': mean(answers.map(trainedTokens)),
    'completions/clipped_ratio': mean(answers.map((each) => Number(isTruncated(each)))),
  }
  if (shares.length > 1)
    for (const { name, interval } of shares) {
      figures[`exact_match/${name}`] = interval.estimate
      figures[`exact_match/${name}/low`] = interval.low
      figures[`exact_match/${name}/high`] = interval.high
    }
  return figures
}
