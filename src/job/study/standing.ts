// Where a study stands, kept in its directory as it goes on, for those who watch it.
import { readStudyRecord, type SeedRecord, type StudyRecord, writeStudyRecord } from '../../rundir/study.ts'

export interface Standing {
  /** The record of an arm with a seed, empty: what is put into it is kept by `save`. */
  begin(arm: string, seed: number): SeedRecord
  save(): void
}

/** Of the study in `directory`: what it says of these arms stays until they are begun anew. */
export function openStanding(directory: string, arms: readonly string[]): Standing {
  const before = readStudyRecord(directory)?.arms ?? []
  const study: StudyRecord = {
    arms: arms.map((name) => before.find((arm) => arm.name === name) ?? { name, seeds: [] }),
    bars: [],
  }
  return {
    begin(arm, seed) {
      const { seeds } = study.arms.find(({ name }) => name === arm)!
      const record: SeedRecord = { seed, runs: [] }
      const place = seeds.findIndex((each) => each.seed === seed)
      if (place < 0) seeds.push(record)
      else seeds[place] = record
      return record
    },
    save: () => writeStudyRecord(directory, study),
  }
}
