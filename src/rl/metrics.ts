// Figures of a rollout batch, named as TRL names them.
import { mean } from '../eval/statistics.ts'
import type { Figures } from '../rundir/event.ts'
import { type Collected, saysNothing } from './rollout.ts'

/** Over all that was rolled out, groups that were replaced included: the waste is always shown. */
export function rolloutFigures({ rollouts, dead }: Collected): Figures {
  const all = [...rollouts, ...dead]
  const rewards = all.flatMap((each) => each.rewards)
  const completions = all.flatMap((each) => each.completions)
  const verdicts = all.flatMap(({ judged }) => judged.map(({ verdict }) => verdict))
  const lengths = completions.map(({ ids }) => ids.length)
  const ended = completions.filter(({ finish }) => finish !== 'length').map(({ ids }) => ids.length)
  return {
    reward: mean(rewards),
    reward_std: deviation(rewards),
    frac_reward_zero_std: mean(all.map((each) => Number(saysNothing(each)))),
    frac_fault: mean(verdicts.map(({ fault }) => Number(fault !== null))),
    ...partMeans(verdicts.map(({ parts }) => parts)),
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': 1 - ended.length / completions.length,
    ...(ended.length > 0 && { 'completions/mean_terminated_length': mean(ended) }),
  }
}

/** Mean of every part of the reward over the completions to which it applies. */
function partMeans(parts: readonly (Record<string, number | null> | null)[]): Figures {
  const values = new Map<string, number[]>()
  for (const each of parts)
    for (const [name, value] of Object.entries(each ?? {})) {
      if (value === null) continue
      const list = values.get(name) ?? []
      list.push(value)
      values.set(name, list)
    }
  return Object.fromEntries([...values].map(([name, list]) => [`rewards/${name}/mean`, mean(list)]))
}

function deviation(values: readonly number[]): number {
  const centre = mean(values)
  return values.length < 2
    ? 0
    : Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}
