// The directory of a study: runs, scores, and what belongs to which arm, written as the study goes on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { writeFileAtomic } from '../text/jsonl.ts'
import { isRun } from './paths.ts'

const Seed = v.object({
  seed: v.number(),
  /** Names of its stages' runs, in order. */
  runs: v.array(v.string()),
  /** Percent of the held-out rows that are right, with its interval of 95 %. */
  score: v.optional(v.object({ value: v.number(), low: v.number(), high: v.number() })),
})
const StoredStudy = v.object({
  arms: v.array(v.object({ name: v.string(), seeds: v.array(Seed) })),
  bars: v.optional(v.array(v.object({ bar: v.string(), value: v.number(), met: v.boolean() })), []),
})

/** study.json: where a study stands. */
export type StudyRecord = v.InferOutput<typeof StoredStudy>
export type SeedRecord = v.InferOutput<typeof Seed>

export function studyPaths(directory: string) {
  return {
    record: join(directory, 'study.json'),
    /** A folder of run directories. */
    runs: join(directory, 'runs'),
    /** What models are worth, by what decides it. */
    scores: join(directory, 'scores'),
  }
}

/** Whether the directory holds the runs of a study. */
export function isStudy(directory: string): boolean {
  const { record, runs, scores } = studyPaths(directory)
  return existsSync(record) || (existsSync(runs) && existsSync(scores))
}

/** Where the study in `directory` stands; undefined where nothing that can be read says so. */
export function readStudyRecord(directory: string): StudyRecord | undefined {
  const { record } = studyPaths(directory)
  if (!existsSync(record)) return undefined
  try {
    return v.parse(StoredStudy, JSON.parse(readFileSync(record, 'utf8')))
  } catch {
    return undefined
  }
}

export function writeStudyRecord(directory: string, study: StudyRecord): void {
  writeFileAtomic(studyPaths(directory).record, `${JSON.stringify(study, null, 2)}\n`)
}

/** Names of the runs that a study has begun. */
export function studyRuns(directory: string): string[] {
  const { runs } = studyPaths(directory)
  return existsSync(runs)
    ? readdirSync(runs)
        .filter((name) => isRun(join(runs, name)))
        .sort()
    : []
}
