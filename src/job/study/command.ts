// hone study at work: arms over seeds to a table, and whether its bars are met.
import * as v from 'valibot'
import { coresAllowed } from '../../gpu/device/crowd.ts'
import { EXIT, type ExitCode, lookup } from '../../error.ts'
import { complain, data, log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { table } from '../../shell/table.ts'
import { barLine } from '../../rundir/bar.ts'
import { readStudyRecord, writeStudyRecord } from '../../rundir/study.ts'
import { argument, count, file, folder, otherwise, say, text } from '../../text/setting.ts'
import { hasSeedAlone, leave, workApart } from './apart.ts'
import { readStudy } from './file.ts'
import { roomFor } from './jobs.ts'
import { armRows, reportOf, shownAnswers } from './report.ts'
import { checkStudy, runStudy, type StudyPlan } from './run.ts'
import { START, type Study } from './study.ts'

const seedList = () =>
  v.pipe(
    text('N,N,…'),
    v.transform((said) => said.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))),
    v.array(count(0)),
  )

export const StudyFlags = v.object({
  file: argument(file(), 'arms, seeds, evaluation and bars as .yaml, .toml or .json'),
  output: say(folder(), 'directory of the study; one that holds it already goes on', 'o'),
  only: say(v.optional(text('ARM')), `run this arm, ${START} and what it is compared with alone`),
  seeds: say(otherwise(seedList(), 'those of the file'), 'seeds to run'),
  jobs: say(otherwise(count(), 'as cores and memory allow'), 'seeds to work on at once'),
  answers: say(v.optional(count(0, 10), 0), 'answers of every arm to show word for word'),
  format: say(v.optional(v.picklist(['text', 'json']), 'text'), 'format of the result'),
})

/** The exit code: 1 where a bar is not met. @throws HoneError for a study that cannot be run */
export async function studyCommand(flags: v.InferOutput<typeof StudyFlags>): Promise<ExitCode> {
  const study = readStudy(flags.file)
  const { only, seeds = study.seeds } = flags
  if (only !== undefined) lookup(Object.fromEntries(study.arms), 'arm', only)
  const alone = only === undefined ? undefined : [START, study.against, only]
  const arms = [...study.arms.keys()].filter((name) => alone === undefined || alone.includes(name))
  checkStudy(study)
  if (hasSeedAlone()) {
    try {
      return (await runStudy(study, flags.output, { arms, seeds })) ? EXIT.ok : EXIT.interrupted
    } finally {
      leave()
    }
  }
  const jobs = flags.jobs ?? (await roomFor(study, seeds))
  const results =
    (await beside(study, flags, { arms, seeds, jobs })) && (await runStudy(study, flags.output, { arms, seeds }))
  if (!results) {
    complain(`saved; to go on, run the study again`)
    return EXIT.interrupted
  }
  const report = reportOf(results, study.bars)
  const standing = readStudyRecord(flags.output)
  if (standing) writeStudyRecord(flags.output, { ...standing, bars: report.bars })
  const left = study.bars.length - report.bars.length
  if (left > 0) log(`${left} bars are not judged: their arms were not run`)
  if (flags.format === 'json') data(JSON.stringify(report))
  else {
    for (const line of table(armRows(results, report, study.against))) data(line)
    for (const each of report.bars) data(barLine(each))
  }
  for (const line of shownAnswers(results, flags.answers)) log(line)
  next([['watch', flags.output], 'see what it shows, and read its runs'])
  return report.bars.every(({ met }) => met) ? EXIT.ok : EXIT.no
}

/** Several seeds at once, each in a process of its own; what is the same for all of them before. False where that was interrupted. */
async function beside(
  study: Study,
  { file, output, only }: Pick<v.InferOutput<typeof StudyFlags>, 'file' | 'output' | 'only'>,
  { arms, seeds, jobs: asked }: StudyPlan & { jobs: number },
): Promise<boolean> {
  const jobs = Math.min(asked, seeds.length)
  if (jobs < 2) return true
  if (!(await runStudy(study, output, { arms: arms.filter((name) => name === START), seeds: seeds.slice(0, 1) })))
    return false
  log(`${jobs} seeds at once`)
  const words = ['study', file, '--output', output, ...(only === undefined ? [] : ['--only', only]), '--no-progress']
  return await workApart({ words, seeds, jobs, threads: Math.max(1, Math.floor(coresAllowed() / jobs)) })
}
