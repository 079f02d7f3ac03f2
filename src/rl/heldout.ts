// Held-out evaluation: greedy completions of rows that are never trained on, and the share that is exactly right.
import type { Parser } from '../dialogue/call/format.ts'
import { isExact } from '../eval/rows/bench.ts'
import { bootstrap, mean, wilson } from '../eval/statistics.ts'
import type { Figures } from '../rundir/event.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Answer, Judge, PromptSet } from './record.ts'

export interface HeldOutContext {
  policy: Pick<Policy, 'generate'>
  sampling: Sampling
  judge: Judge
  /** Reads the calls that decide whether an answer is exact. */
  reader: Parser
  step: number
  /** Prompts completed at once. */
  batch: number
  onProgress?: (done: number, total: number) => void
}

/** Greedy answers to all prompts of all sets, in order. */
export async function answer(sets: readonly PromptSet[], context: HeldOutContext): Promise<Answer[]> {
  const { policy, sampling, judge, reader, step, batch } = context
  const asked = sets.flatMap(({ name, prompts }) => prompts.map((prompt) => ({ set: name, prompt })))
  const answers: Answer[] = []
  for (let from = 0; from < asked.length; from += batch) {
    const some = asked.slice(from, from + batch)
    const requests = some.map(({ prompt }) => ({ prompt: prompt.ids, samples: 1, key: [] }))
    const completions = await policy.generate(requests, { ...sampling, temperature: 0 })
    const groups = some.map(({ prompt }, i) => ({ prompt, completions: completions[i]! }))
    const judged = await judge(groups, step)
    for (const [i, each] of some.entries()) {
      const { text, verdict } = judged[i]![0]!
      const exact = isExact(reader.parse(text), each.prompt.row)
      answers.push({ ...each, text, verdict, completion: completions[i]![0]!, exact })
    }
    context.onProgress?.(answers.length, asked.length)
  }
  return answers
}

/**
 * Share of exact answers per set and the mean over sets, each with an interval of 95 %: Wilson's, or by bootstrap for a mean
 * over sets of unequal size.
 */
export function figuresOf(answers: readonly Answer[], sets: readonly PromptSet[]): Figures {
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
  const figures: Figures = {
    exact_match: whole.estimate,
    'exact_match/low': whole.low,
    'exact_match/high': whole.high,
    reward: mean(answers.map(({ verdict }) => verdict.score)),
    'completions/mean_length': mean(answers.map(({ completion }) => completion.ids.length)),
    'completions/clipped_ratio': mean(answers.map(({ completion }) => Number(completion.finish === 'length'))),
  }
  if (shares.length > 1)
    for (const { name, interval } of shares) {
      figures[`exact_match/${name}`] = interval.estimate
      figures[`exact_match/${name}/low`] = interval.low
      figures[`exact_match/${name}/high`] = interval.high
    }
  return figures
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
