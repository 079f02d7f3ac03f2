// Rows to be scored, block by block, from JSONL or parquet.
import { containerOf } from '../../data/records.ts'
import { HoneError } from '../../error.ts'
import { readChunks } from '../../text/chunks.ts'
import { readLineBlocks } from '../../text/lines.ts'
import type { Sample } from '../../reward/reward.ts'
import { readSample, toSample } from '../../reward/rows.ts'

/** A sample and the line (or parquet row) it comes from. */
export interface PlacedSample {
  line: number
  sample: Sample
}

/** Rows that parquet files are handed on in. */
const BLOCK_ROWS = 1024

/**
 * Samples of a file (`-` = stdin, which is JSONL) in order, in blocks of some hundreds.
 * @throws HoneError at `file:line` for malformed JSON or a row that is no sample, and for an empty file.
 */
export async function* readSamples(path: string, { needsTruth = true } = {}): AsyncGenerator<PlacedSample[]> {
  let empty = true
  for await (const block of (await containerOf(path)) === 'parquet'
    ? parquetBlocks(path, { needsTruth })
    : sampleBlocks(path, { needsTruth })) {
    if (block.length === 0) continue
    empty = false
    yield block
  }
  if (empty)
    throw new HoneError('Cannot score rows: the file is empty', {
      at: path,
      hint: 'expected one JSON object per line',
    })
}

async function* sampleBlocks(path: string, options: { needsTruth: boolean }): AsyncGenerator<PlacedSample[]> {
  for await (const { first, texts } of readLineBlocks(path)) {
    const block: PlacedSample[] = []
    for (const [i, text] of texts.entries()) {
      if (text.trim() !== '') block.push({ line: first + i, sample: readSample(text, path, first + i, options) })
    }
    yield block
  }
}

async function* parquetBlocks(path: string, options: { needsTruth: boolean }): AsyncGenerator<PlacedSample[]> {
  const { readParquet } = await import('../../data/parquet.ts')
  let block: PlacedSample[] = []
  for await (const { line, value } of readParquet(path, readChunks(path))) {
    block.push({ line, sample: toSample(value ?? null, `${path}:${line}`, options) })
    if (block.length < BLOCK_ROWS) continue
    yield block
    block = []
  }
  yield block
}
