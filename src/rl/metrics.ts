// Metrics of a rollout batch, named as TRL names them.
import { deviation, mean, sum } from '../eval/statistics.ts'
import type { Work } from '../gpu/policy/session.ts'
import type { Metrics } from '../rundir/event.ts'
import type { Sampled } from './record.ts'
import { type Batch, saysNothing } from './rollout.ts'
import { answeredTurns, isTruncated, trainedTokens, writtenTokens } from './trained.ts'

/** Over all that was rolled out, groups that were replaced included: the waste is always shown. */
export function rolloutMetrics({ rollouts, dead }: Batch): Metrics {
  const all = [...rollouts, ...dead]
  const completions = all.flatMap((each) => each.completions)
  const rewards = completions.map(({ reward }) => reward)
  const verdicts = completions.map(({ verdict }) => verdict)
  const lengths = completions.map(trainedTokens)
  const ended = completions.filter((each) => !isTruncated(each)).map(trainedTokens)
  return {
    reward: mean(rewards),
    reward_std: deviation(rewards),
    frac_reward_zero_std: mean(all.map((each) => Number(saysNothing(each.completions)))),
    frac_fault: mean(verdicts.map(({ fault }) => Number(fault !== null))),
    ...partMetrics(verdicts.map(({ parts }) => parts)),
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': 1 - ended.length / completions.length,
    'rollout/written': sum(completions.map(writtenTokens)),
    ...(completions.some(({ turns }) => turns.length > 1) && {
      'rollout/answered': sum(completions.map(answeredTurns)),
    }),
    ...treeMetrics(completions),
    ...(ended.length > 0 && {
      'completions/mean_terminated_length': mean(ended),
      'completions/min_terminated_length': Math.min(...ended),
      'completions/max_terminated_length': Math.max(...ended),
    }),
  }
}

/** Completions that branched off from others, and of all own tokens those that were written for another completion. */
function treeMetrics(completions: readonly Sampled[]): Metrics {
  const branched = completions.filter(({ branch }) => branch)
  if (branched.length === 0) return {}
  return {
    'rollout/branched': branched.length / completions.length,
    'rollout/shared': 1 - sum(completions.map(writtenTokens)) / Math.max(1, sum(completions.map(trainedTokens))),
  }
}

/** What sampling took: tokens a pass, the share of guessed tokens that came, and of arithmetic that was for nobody. */
export function workMetrics(all: readonly Work[]): Metrics {
  const total = (of: (work: Work) => number) => all.reduce((sum, work) => sum + of(work), 0)
  const [passes, read, guessed] = [
    total((work) => work.passes),
    total((work) => work.read),
    total((work) => work.guessed),
  ]
  if (passes === 0) return {}
  return {
    'rollout/tokens_per_pass': total(({ written }) => written) / passes,
    'rollout/wasted': total(({ wasted, read }) => wasted * read) / read,
    ...(guessed > 0 && { 'rollout/drafts_accepted': total(({ accepted }) => accepted) / guessed }),
  }
}

/** Mean and spread of every part of the reward over the completions to which it applies. */
function partMetrics(parts: readonly (Record<string, number | null> | null)[]): Metrics {
  const values = new Map<string, number[]>()
  for (const each of parts)
    for (const [name, value] of Object.entries(each ?? {})) {
      if (value === null) continue
      const list = values.get(name) ?? []
      list.push(value)
      values.set(name, list)
    }
  return Object.fromEntries(
    [...values].flatMap(([name, list]) => [
      [`rewards/${name}/mean`, mean(list)],
      [`rewards/${name}/std`, deviation(list)],
    ]),
  )
}
