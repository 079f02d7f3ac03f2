// Rows to be scored and their verdicts: lines of JSON to samples, samples and verdicts to lines.
import * as v from 'valibot'
import { CompletionRow, completionIn, id, idField, object } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { dumpJson, Float, isObject, type Json, type JsonObject } from '../text/json.ts'
import { parseLine } from '../text/jsonl.ts'
import { faulty, Raised, type Sample, type Verdict } from './reward.ts'

/** The sample on one line of a JSONL file. @throws HoneError at `file:line`. */
export function readSample(text: string, path: string, line: number, options = {}): Sample {
  const quick = quickSample(text, `${path}:${line}`)
  return quick ?? toSample(parseLine(text, path, line), `${path}:${line}`, options)
}

/** Where what is right is text, no number of the row matters and the native reader will do. */
function quickSample(text: string, at: string): Sample | undefined {
  let row: Json
  try {
    row = JSON.parse(text)
  } catch {
    return undefined
  }
  return isObject(row) && typeof row['ground_truth'] === 'string' ? toSample(row, at) : undefined
}

/** A row {completion (by any of its names), ground_truth or answer}, or one to train on, as a sample; step, model and tokens may stand beside. @throws HoneError at `at`. */
export function toSample(row: Json, at: string, { needsTruth = true } = {}): Sample {
  if (!isObject(row)) throw new HoneError('Cannot score a row: it is no object', { at, hint: EXPECTED })
  const completion = completionIn(row) ?? taughtIn(row)
  const { step, model, tokens } = row
  if (typeof completion !== 'string')
    throw new HoneError('Cannot score a row: it has no "completion"', { at, hint: EXPECTED })
  const truth = truthOf(row) ?? (needsTruth ? undefined : [])
  if (truth === undefined)
    throw new HoneError('Cannot score a row: it has no "ground_truth" and no "answer"', { at, hint: EXPECTED })
  return {
    completion,
    truth,
    step: typeof step === 'number' ? step : undefined,
    model: typeof model === 'string' ? model : undefined,
    tokens: typeof tokens === 'number' ? tokens : undefined,
    row,
  }
}

const EXPECTED = 'Expected {"completion": "…", "ground_truth": "…"} or {"completion": "…", "answer": [calls]}.'

const truth = v.nullish(v.union([v.string(), v.array(v.any()), object]))

/** What `toSample` reads. A reward that needs no truth does without. */
export const SampleRow = v.intersect([
  CompletionRow,
  v.looseObject({
    ground_truth: truth,
    answer: truth,
    step: v.optional(v.number()),
    model: v.optional(v.string()),
    tokens: v.optional(v.number()),
  }),
])

/** What a row to train on teaches word for word. */
const taughtIn = ({ meta }: JsonObject): Json | undefined => (isObject(meta) ? meta['completion'] : undefined)

/** `ground_truth`, or `answer`, or what verl's rows keep under reward_model, its rollouts under gts. An object or number is taken as its JSON text. */
export function truthOf(row: JsonObject): Sample['truth'] | undefined {
  const verl = row['reward_model']
  const truth =
    row['ground_truth'] ?? row['answer'] ?? (isObject(verl) ? verl['ground_truth'] : undefined) ?? row['gts']
  if (truth === undefined || truth === null) return undefined
  return typeof truth === 'string' || Array.isArray(truth) ? truth : dumpJson(truth)
}

/** A sample as one line for a reward in another process: the whole row, with completion, what is right, and the step. */
export function sampleLine({ completion, truth, step, model, tokens, row }: Sample): string {
  const known: JsonObject = {
    completion,
    ...(typeof truth === 'string' ? { ground_truth: truth } : { answer: [...truth] }),
  }
  if (step !== undefined) known['step'] = step
  if (model !== undefined) known['model'] = model
  if (tokens !== undefined) known['tokens'] = tokens
  return dumpJson({ ...row, ...known }, { ensureAscii: false })
}

/** What `verdictLine` writes. */
export const VerdictRow = v.object({
  id,
  score: v.nullable(v.number()),
  parts: v.nullable(v.record(v.string(), v.nullable(v.number()))),
  fault: v.nullable(v.string()),
  reasons: v.array(v.string()),
})

/** A verdict, with the id of its row where it has one, as one line of JSON, whatever a reader takes for a line end: other scripts' letters stay, separators are escaped. */
export function verdictLine(
  { score, parts, fault, reasons }: Omit<Verdict, 'score'> & { score: number | null },
  row?: JsonObject,
): string {
  const text = JSON.stringify({ score, parts, fault, reasons })
  return idHead(row) + readable(text.slice(1))
}

/** The beginning of such a line. */
export function idHead(row: JsonObject | undefined): string {
  const { id } = idField(row)
  return id === undefined ? '{' : readable(`{"id":${JSON.stringify(id)},`)
}

function readable(text: string): string {
  return text.replace(/[\x7f-\x9f\u2028\u2029]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** A number, or {score, parts?, reasons?} (score null: not applicable), or {fault, reasons?}; anything else is a fault. */
export function toVerdict(answer: unknown): Verdict {
  try {
    return readVerdict(answer)
  } catch (error) {
    return faulty(error)
  }
}

function readVerdict(answer: unknown): Verdict {
  if (!isRecord(answer)) return { score: finite(answer), parts: {}, fault: null, reasons: [] }
  const { score, parts, reasons, fault } = answer
  const said = Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : []
  if (typeof fault === 'string') throw new Raised(fault, said[0] ?? 'the reward failed')
  if (score === null) return { score: 0, parts: {}, fault: null, notApplicable: true, reasons: said }
  const numbers = Object.entries(isRecord(parts) ? parts : {}).map(([name, value]): [string, number | null] => [
    name,
    value === null ? null : finite(value),
  ])
  return { score: finite(score), parts: Object.fromEntries(numbers), fault: null, reasons: said }
}

function finite(value: unknown): number {
  const number = value instanceof Float ? value.value : typeof value === 'bigint' ? Number(value) : value
  // Training computes in float32.
  if (typeof number !== 'number' || !Number.isFinite(Math.fround(number)))
    throw new Raised('NotAScore', 'the score is not a finite number')
  return number
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float)
