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
import type { Measure } from './lengths.ts'
import { mix, quotas } from './mix.ts'
import type { RawRecord } from './record.ts'
import { readRaw } from './records.ts'
import { recognised } from './recognised.ts'
import { sourceNamed, sources } from './sources.ts'
import { Rejection, type Origin, type Source } from './source.ts'
import { dialogueOf, type Placed, splitOf, type Tie } from './split.ts'
import { add, countsOf, emptySummary, keptOf, type Summary } from './summary.ts'

export interface PrepOptions extends ConvertOptions, AugmentOptions {
  from: string
  dedupe: boolean
  /** Share of rows that go to the validation file. */
  validationRatio: number
  /** What rows on different sides of the split may not have in common; where nothing is named, the steps of a dialogue stay together. */
  split: readonly Tie[]
  /** Weights of the files, by place, where they are mixed. */
  weights?: readonly number[] | undefined
  /** Rows to write, drawn by the seed. */
  limit?: number | undefined
  /** Counts tokens, where that is wanted; prompts longer than `maxTokens` are too long. */
  measure?: Measure | undefined
  maxTokens?: number | undefined
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
  const run: Run = { options, sinks, summary: emptySummary(), seen: new Set(), waiting: files.map(() => []) }
  for (const [file, path] of files.entries()) {
    const progress = openProgress(path, path === '-' ? undefined : Bun.file(path).size)
    const { name, source, records } = await chooseSource(path, readRaw(path, progress.bytes), options)
    const companion = (await source.companion?.(path)) ?? new Map<string, Json>()
    for await (const record of records) {
      prepareOne(run, name, source, record, { path, index: record.index, companion }, run.waiting[file]!)
      progress.row()
    }
    progress.end()
  }
  if (keptOf(run.summary) > 0) {
    writeWaiting(run, files)
    return run.summary
  }
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
  /** Rows of each file that wait for all the others. */
  waiting: Placed[][]
}

function prepareOne(
  run: Run,
  name: string,
  source: Source,
  record: RawRecord,
  origin: Origin,
  waiting: Placed[],
): void {
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
    const extras = augment(row, options)
    counts.augmented += extras.length
    for (const each of [row, ...extras])
      if (mustWait(options)) waiting.push({ row: each, path: origin.path })
      else write(run, each, isDrawn(each, options))
  }
}

function refusal({ options, seen }: Run, row: HoneRow): Rejection | undefined {
  const { measure, maxTokens = Infinity } = options
  if (measure && measure(row).prompt > maxTokens) return new Rejection('too-long', `${row.id} is longer than the limit`)
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

const mustWait = ({ weights, limit, split }: PrepOptions): boolean =>
  weights !== undefined || limit !== undefined || split.length > 0

/** Rows that waited for all files: mixed, cut to the limit and split. */
function writeWaiting(run: Run, files: readonly string[]): void {
  const { options, summary, waiting } = run
  if (!mustWait(options)) return
  const { weights, limit, seed, split, validationRatio } = options
  const parts = weights ? waiting : [waiting.flat()]
  const named = parts.map((_, i) => ({ path: files[i]!, weight: weights?.[i] ?? 1 }))
  const sizes = parts.map(({ length }) => length)
  const counts = weights ? quotas(named, sizes, limit) : [Math.min(limit ?? Infinity, sizes[0]!)]
  const rows = weights || limit !== undefined ? mix(parts, counts, seed) : parts.flat()
  if (weights) summary.mixed = named.map((part, i) => ({ ...part, rows: sizes[i]!, taken: counts[i]! }))
  if (split.length === 0) return rows.forEach(({ row }) => write(run, row, isDrawn(row, options)))
  const by: Tie[] = ['dialogue', ...split.filter((tie) => tie !== 'dialogue')]
  const { heldOut, ...found } = splitOf(rows, { by, share: validationRatio, seed })
  if (heldOut.size === 0 || heldOut.size === rows.length)
    throw new HoneError(`Cannot hold out ${100 * validationRatio} % of ${rows.length} rows without a leak`, {
      at: files.join(', '),
      hint: `by ${by.join(', ')} they are ${found.groups} groups, the largest of ${found.largest} rows; split by less, or give another --validation-ratio`,
    })
  summary.split = { rows: rows.length, heldOut: heldOut.size, ...found, by }
  rows.forEach(({ row }, i) => write(run, row, heldOut.has(i)))
}

/** Validation rows are drawn by the row they stem from, so that the steps of a dialogue stay together. */
const isDrawn = (row: HoneRow, { seed, validationRatio }: PrepOptions): boolean =>
  uniform(seed, SPLIT, keyOf(dialogueOf(row))) < validationRatio

function write({ options, sinks, summary }: Run, row: HoneRow, heldOut: boolean): void {
  if (options.measure) summary.lengths.push(options.measure(row))
  summary.written++
  ;((heldOut && sinks.validation) || sinks.output).write(row)
}

/** The named source, or the one that recognises most of the first rows. */
async function chooseSource(path: string, records: AsyncGenerator<RawRecord>, options: PrepOptions) {
  if (options.from !== 'auto') return { name: options.from, source: sourceNamed(options.from), records }
  const { found, records: all } = await recognised(records)
  if (!found) {
    throw new HoneError('Cannot tell the source from its rows', {
      at: path,
      hint: `name it with --from ${Object.keys(sources).join('|')}`,
    })
  }
  log(`${path}: read as ${found.name} (${found.count} of the first ${found.of} rows)`)
  return { ...found, records: all }
}

/** Key of the draws that split rows, apart from those that augment them. */
const SPLIT = 1
