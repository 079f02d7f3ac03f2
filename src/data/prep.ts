// Raw rows of any source in, hone rows out: read, convert, repair, cut, filter, augment, split, write; every row is accounted for.
import { HoneError } from '../error.ts'
import { dumpJson, type Json } from '../text/json.ts'
import { REPLACEMENT, type LineWriter } from '../text/jsonl.ts'
import { log } from '../out.ts'
import { keyOf, uniform } from '../rng.ts'
import { rowText, type HoneRow } from '../dialogue/row.ts'
import { augment, type AugmentOptions } from './augment.ts'
import { convert, isMultiTurn, type ConvertOptions } from './convert.ts'
import type { RowWriter } from './formats/format.ts'
import { openProgress } from '../shell/meter.ts'
import type { RawRecord } from './record.ts'
import { readRaw } from './records.ts'
import { recognise, sourceNamed, sources } from './sources.ts'
import { Rejection, type Origin, type Source } from './source.ts'
import { add, countsOf, emptySummary, keptOf, type Summary } from './summary.ts'

export interface PrepOptions extends ConvertOptions, AugmentOptions {
  from: string
  dedupe: boolean
  /** Share of rows that go to the validation file. */
  validationRatio: number
  /** Rows for which this says false are too long. */
  fits?: ((row: HoneRow) => boolean) | undefined
}

export interface PrepSinks {
  output: RowWriter
  validation?: RowWriter | undefined
  reject?: LineWriter | undefined
}

/**
 * Prepare `files` (`-` = stdin) one after another.
 * @throws HoneError for a file that cannot be read, a source that is not recognised, and where no row survives.
 */
export async function prepare(files: readonly string[], options: PrepOptions, sinks: PrepSinks): Promise<Summary> {
  const run: Run = { options, sinks, summary: emptySummary(), seen: new Set() }
  for (const path of files) {
    const progress = openProgress(path, path === '-' ? undefined : Bun.file(path).size)
    const records = readRaw(path, progress.bytes)
    const { name, source, first } = await chooseSource(path, records, options)
    const companion = (await source.companion?.(path)) ?? new Map<string, Json>()
    for await (const record of concat(first, records)) {
      prepareOne(run, name, source, record, { path, index: record.index, companion })
      progress.row()
    }
    progress.end()
  }
  if (keptOf(run.summary) > 0) return run.summary
  const reasons = [...run.summary.removed].map(([reason, count]) => `${count} ${reason}`)
  throw new HoneError('Cannot prepare: no row survived', {
    at: files.join(', '),
    hint: `${reasons.join(', ')}; --reject FILE lists every one, --from names the source`,
  })
}

interface Run {
  options: PrepOptions
  sinks: PrepSinks
  summary: Summary
  /** Hashes of the rows written, for --dedupe. */
  seen: Set<bigint | number>
}

function prepareOne(run: Run, name: string, source: Source, record: RawRecord, origin: Origin): void {
  const { options, summary } = run
  const counts = countsOf(summary, name)
  const { rows, rejections, repairs, multiTurn } = convert(name, source, record, origin, options)
  for (const [kind, count] of repairs) add(summary.repairs, kind, count)
  const kept: HoneRow[] = []
  for (const row of rows) {
    const refused = refusal(run, row)
    if (refused) rejections.push(refused)
    else kept.push(row)
  }
  counts.raw++
  if (record.text.includes(REPLACEMENT)) summary.replaced++
  counts.steps += kept.length + rejections.length
  if (kept.length === 0) counts.unused++
  else if (multiTurn) counts.multi++
  else counts.single++
  for (const rejection of rejections) reject(run, rejection, record, origin.path)
  for (const row of kept) {
    if (isMultiTurn(row)) counts.keptMulti++
    else counts.keptSingle++
    write(run, row)
    for (const extra of augment(row, options)) {
      counts.augmented++
      write(run, extra)
    }
  }
}

function refusal({ options, seen }: Run, row: HoneRow): Rejection | undefined {
  if (options.fits && !options.fits(row)) return new Rejection('too-long', `${row.id} is longer than the limit`)
  if (!options.dedupe) return undefined
  const hash = Bun.hash(rowText({ ...row, id: '', source: '', meta: {} }))
  if (seen.has(hash)) return new Rejection('duplicate', `${row.id} equals a row before it`)
  seen.add(hash)
  return undefined
}

function reject({ summary, sinks }: Run, { reason, message }: Rejection, record: RawRecord, path: string): void {
  add(summary.removed, reason)
  const entry = { file: path, line: record.line, row: record.index, reason, detail: message, text: record.text }
  sinks.reject?.write(dumpJson(entry, { ensureAscii: false }))
}

/** Validation rows are drawn by the row they stem from, so that the steps of a dialogue stay together. */
function write({ options, sinks }: Run, row: HoneRow): void {
  const dialogue = `${row.meta['from'] ?? row.source}/${row.meta['row']}`
  const drawn = sinks.validation && uniform(options.seed, SPLIT, keyOf(dialogue)) < options.validationRatio
  ;(drawn ? sinks.validation : sinks.output)?.write(row)
}

/** The named source, or the one that recognises most of the first rows. */
async function chooseSource(path: string, records: AsyncGenerator<RawRecord>, options: PrepOptions) {
  const first: RawRecord[] = []
  if (options.from !== 'auto') return { name: options.from, source: sourceNamed(options.from), first }
  for (let i = 0; i < SAMPLE; i++) {
    const { value, done } = await records.next()
    if (done) break
    first.push(value)
  }
  const found = recognise(first)
  if (!found) {
    throw new HoneError('Cannot tell the source from its rows', {
      at: path,
      hint: `name it with --from ${Object.keys(sources).join('|')}`,
    })
  }
  log(`${path}: read as ${found.name} (${found.count} of the first ${first.length} rows)`)
  return { name: found.name, source: sourceNamed(found.name), first }
}

async function* concat(first: readonly RawRecord[], rest: AsyncIterable<RawRecord>): AsyncGenerator<RawRecord> {
  yield* first
  yield* rest
}

const SAMPLE = 50
/** Key of the draws that split rows, apart from those that augment them. */
const SPLIT = 1
