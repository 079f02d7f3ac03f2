// From the flags of hone score to what is asked: scores, a part of them, a comparison, or an explanation.
import type { ExitCode } from '../../error.ts'
import * as v from 'valibot'
import type { Mode } from '../../reward/reward.ts'
import { openCommandScorer, openScorer, rewardFormat } from '../../reward/scorer.ts'
import { atLeast, count, inputFiles, otherwise, say, text, toggle } from '../../text/setting.ts'
import { mode, rewardName, rowsFormat } from '../flags.ts'
import { next } from '../../shell/next.ts'
import { forPeople } from '../../shell/rows.ts'
import { COLUMN } from './expected.ts'
import { compareFiles, explainRow, scoreFiles } from './score.ts'

export const ScoreFlags = v.object({
  files: inputFiles(),
  reward: say(v.optional(rewardName(), 'tool-n1'), 'NAME[:variant][@step], A:1,B:0.2, a .ts file, or model:DIR'),
  rewardCmd: say(v.optional(text('COMMAND')), 'program that reads rows and writes scores'),
  mode,
  format: rowsFormat,
  step: say(otherwise(count(0), 'that of the row'), 'training step, for rewards with a schedule'),
  explain: say(v.optional(text('ID')), 'show one row call by call'),
  compare: say(toggle(), 'judge in both modes and report the differences'),
  check: say(toggle(), `end with 1 unless every row with the column ${COLUMN} scores that: the test of a reward`),
  minMean: say(v.optional(v.number()), 'end with 1 unless the mean reaches this'),
  timeout: say(v.optional(atLeast(0.001), 10), "seconds a user's reward has for a row"),
  jobs: say(otherwise(count(), 'all'), 'cores for a large file'),
  concurrency: say(otherwise(count(), 'as cores allow'), "processes of a user's reward"),
})

/**
 * The exit code: 1 where a bar is not met or no row could be judged. @throws HoneError for a reward that does not exist
 * and rows that cannot be read.
 */
export async function scoreCommand(flags: v.InferOutput<typeof ScoreFlags>): Promise<ExitCode> {
  const { files, reward, rewardCmd, compare, step, timeout, concurrency } = flags
  const options = { step, timeout, concurrency }
  const open = (mode: Mode) =>
    rewardCmd === undefined ? openScorer(reward, { ...options, mode }) : openCommandScorer(rewardCmd, options)
  const scorer = open(compare ? 'compat' : flags.mode)
  try {
    if (flags.explain !== undefined)
      return await explainRow(files, scorer, flags.explain, rewardFormat(reward) ?? 'tool-n1')
    if (compare) return await compareFiles(files, scorer, open('strict'))
    const { jobs, minMean, check, format } = flags
    const code = await scoreFiles(files, scorer, { jobs, minMean, check, people: forPeople(format) })
    const spec = rewardCmd === undefined ? ['--reward', reward] : ['--reward-cmd', rewardCmd]
    next([['score', ...files, ...spec, '--explain', 'ID'], 'one row call by call'])
    return code
  } finally {
    scorer.close()
  }
}
