// From the flags of hone score to what is asked: scores, a part of them, a comparison, or an explanation.
import type { ExitCode } from '../../error.ts'
import { numberFlag } from '../../shell/flags.ts'
import type { Mode } from '../../reward/reward.ts'
import { openCommandScorer, openScorer, parserOf } from '../../reward/scorer.ts'
import { compareFiles, explainRow, scoreFiles } from './score.ts'

/** The flags as text. */
export interface ScoreFlags {
  reward?: string | undefined
  rewardCmd?: string | undefined
  mode?: Mode | undefined
  step?: string | undefined
  explain?: string | undefined
  compare?: boolean | undefined
  minMean?: string | undefined
  timeout?: string | undefined
  concurrency?: string | undefined
  jobs?: string | undefined
}

export async function scoreCommand(files: readonly string[], flags: ScoreFlags): Promise<ExitCode> {
  const { reward = 'tool-n1', rewardCmd, mode = 'compat', explain, compare } = flags
  const minMean = numberFlag(flags.minMean, '--min-mean')
  const jobs = numberFlag(flags.jobs, '--jobs', { min: 1, integer: true })
  const options = {
    step: numberFlag(flags.step, '--step', { min: 0, integer: true }),
    timeout: numberFlag(flags.timeout, '--timeout', { min: 0.001 }),
    concurrency: numberFlag(flags.concurrency, '--concurrency', { min: 1, integer: true }),
  }
  const open = (mode: Mode) =>
    rewardCmd === undefined ? openScorer(reward, { ...options, mode }) : openCommandScorer(rewardCmd, options)
  const scorer = open(compare ? 'compat' : mode)
  try {
    if (explain !== undefined) return await explainRow(files, scorer, explain, parserOf(reward))
    if (compare) return await compareFiles(files, scorer, open('strict'))
    return await scoreFiles(files, scorer, jobs, minMean)
  } finally {
    scorer.close()
  }
}
