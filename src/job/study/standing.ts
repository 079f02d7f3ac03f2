// Where a study stands, kept in its directory as it goes on, for those who watch it.
import { readStudyRecord, type SeedRecord, writeStudyRecord } from '../../rundir/study.ts'

export interface Standing {
  /** The record of an arm with a seed, empty: what is put into it is kept by `save`. */
  begin(arm: string, seed: number): SeedRecord
  save(): void
}

/**
 * Of the study in `directory`: what it says of these arms stays until they are begun anew, and so does what another process has
 * written of its seeds since.
 */
export function openStanding(directory: string, arms: readonly string[]): Standing {
  const own = new Map<string, SeedRecord[]>(arms.map((name) => [name, []]))
  return {
    begin(arm, seed) {
      const record: SeedRecord = { seed, runs: [] }
      own.get(arm)!.push(record)
      return record
    },
    save() {
      const now = readStudyRecord(directory)?.arms ?? []
      const all = [...own].map(([name, begun]) => {
        const others = now.find((arm) => arm.name === name)?.seeds ?? []
        const seeds = [...others.filter(({ seed }) => !begun.some((each) => each.seed === seed)), ...begun]
        return { name, seeds: seeds.toSorted((a, b) => a.seed - b.seed) }
      })
      writeStudyRecord(directory, { arms: all, bars: [] })
    },
  }
}
