// The work of a study: every stage of every arm and seed, each a run, those that are the same once, and a score of what is left.
import { mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { log } from '../../out.ts'
import { type SeedRecord, studyPaths } from '../../rundir/study.ts'
import { type Score, scoreOf } from './judge.ts'
import type { Left } from './stage.ts'
import { findStage } from './stages.ts'
import { openStanding, type Standing } from './standing.ts'
import { ofSeed, START, type Study } from './study.ts'

/** What an arm came to with a seed. */
export interface Outcome extends Score {
  seed: number
}

export interface ArmResult {
  name: string
  seeds: Outcome[]
}

export interface StudyPlan {
  arms: readonly string[]
  seeds: readonly number[]
}

/**
 * Arms × seeds, in the order of the seeds, so that early results are of all arms. Finished runs are passed over, one that was
 * cut short goes on. Undefined where a run was interrupted. @throws HoneError
 */
export async function runStudy(
  study: Study,
  directory: string,
  { arms, seeds }: StudyPlan,
): Promise<ArmResult[] | undefined> {
  const { runs, scores } = studyPaths(directory)
  for (const folder of [runs, scores]) mkdirSync(folder, { recursive: true })
  const standing = openStanding(directory, [...study.arms.keys()])
  const results = arms.map((name): ArmResult => ({ name, seeds: [] }))
  for (const seed of seeds)
    for (const { name, seeds: outcomes } of results) {
      const record = standing.begin(name, seed)
      const own = ofSeed(study, seed)
      const left = await workThrough(own, directory, { name, seed, record, standing })
      if (left === undefined) return undefined
      const { model, spent } = left
      const { parts, figures, ...score } = await scoreOf(own, model, directory)
      record.score = { value: score.value, low: score.low, high: score.high }
      standing.save()
      const interval = `[${score.low.toFixed(1)}, ${score.high.toFixed(1)}]`
      log(`${name}, seed ${seed}: ${score.value.toFixed(1)} % ${interval}${name === START ? '' : `  ${model}`}`)
      outcomes.push({ seed, ...score, parts: { ...parts, ...left.parts }, figures: { ...figures, ...spent } })
    }
  return results
}

/** Read every stage's settings as if it ran, so that a slip is known before any work. @throws HoneError */
export function checkStudy(study: Study): void {
  const [seed] = study.seeds
  for (const stages of ofSeed(study, seed!).arms.values()) {
    let left: Left = { model: study.model, parts: {} }
    for (const { kind, settings } of stages) {
      const stage = findStage(kind)
      stage.check({ study, settings, seed: seed!, left })
      left = { ...left, ...stage.leaves }
    }
  }
}

/** What the stages of an arm leave; undefined where one was interrupted. */
async function workThrough(
  study: Study,
  directory: string,
  { name, seed, record, standing }: { name: string; seed: number; record: SeedRecord; standing: Standing },
): Promise<Left | undefined> {
  let left: Left | undefined = { model: study.model, parts: {} }
  for (const [index, { kind, settings }] of study.arms.get(name)!.entries()) {
    left = await findStage(kind).run({
      study,
      settings,
      seed,
      left,
      folder: studyPaths(directory).runs,
      what: `${name}, seed ${seed}, stage ${index + 1}`,
      onRun(path) {
        record.runs.push(basename(path))
        standing.save()
      },
    })
    if (left === undefined) return undefined
  }
  return left
}
