// Which source the rows of a file are of, told by the first of them.
import type { RawRecord } from './record.ts'
import type { Source } from './source.ts'
import { recognise, sourceNamed } from './sources.ts'

export interface Recognised {
  /** The source of most of the first rows, and of how many of how many; undefined where none knows any. */
  found: { name: string; source: Source; count: number; of: number } | undefined
  /** All rows, those that were looked at among them. */
  records: AsyncGenerator<RawRecord>
}

export async function recognised(records: AsyncGenerator<RawRecord>): Promise<Recognised> {
  const first: RawRecord[] = []
  while (first.length < SAMPLE) {
    const { value, done } = await records.next()
    if (done) break
    first.push(value)
  }
  const found = recognise(first)
  return {
    found: found && { ...found, source: sourceNamed(found.name), of: first.length },
    records: concat(first, records),
  }
}

async function* concat(first: readonly RawRecord[], rest: AsyncIterable<RawRecord>): AsyncGenerator<RawRecord> {
  yield* first
  yield* rest
}

const SAMPLE = 50
