// Evaluation: responses from a file, an endpoint or a model, judged one by one in order, and what they come to.
import type { Benchmark, Judged, OpenBenchmark, Response } from '../../eval/benchmark.ts'
import { benchmarks } from '../../eval/benchmarks.ts'
import { summarize } from '../../eval/summary.ts'
import { EXIT, type ExitCode, HoneError } from '../../error.ts'
import { outliveReader } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { Float, isObject } from '../../text/json.ts'
import { readRecords } from '../../text/jsonl.ts'
import { usualEndpoint } from '../answer/connect.ts'
import { requireApart } from '../apart.ts'
import { meets } from './bars.ts'
import { byBudget, judgedByReward } from './rewarded.ts'
import type { EvalFlags } from './flags.ts'
import { protocolOf } from '../protocol.ts'
import { requireResults, writeReports, writeRow, type Pair } from './reports.ts'

/** Of responses in a file nothing is known but how they are read. */
const UNKNOWN = { prompt: '', sampling: { temperature: 0, maxNewTokens: 0, seed: 0 } }

/**
 * Judge every response and report. The exit code: 1 where a bar is not met. @throws HoneError for flags, data or
 * responses that cannot be used.
 */
export async function evaluate(flags: EvalFlags): Promise<ExitCode> {
  outliveReader()
  const { bench, data } = flags
  const benchmark: Benchmark = benchmarks[bench]
  const sources = [flags.responses, flags.model, flags.endpoint].filter((each) => each !== undefined)
  if (sources.length > 1 || (sources.length === 0 && usualEndpoint() === undefined)) {
    throw new HoneError('Cannot evaluate: give exactly one of --responses, --model and --endpoint', {
      hint: `hone eval --bench ${bench} --data ${data} --model DIR`,
    })
  }
  requireResults(flags)
  requirePlace(flags)
  requireHeld(flags)
  requireRows(flags)
  requireApart({ '--json': flags.json, '--report': flags.report, '--save': flags.save }, [data, flags.responses])
  const { open, close } = await openJudged(flags, benchmark)
  const given =
    flags.responses === undefined
      ? await (await import('./ask.ts')).ask(flags, benchmark)
      : {
          source: flags.responses,
          protocol: protocolOf({ ...UNKNOWN, benchmark: bench, reader: benchmark.reader(flags.mode ?? '', flags) }),
          responses: responsesOf(flags.responses),
          close() {},
        }
  const judged = await judgeAll(open, given.responses, (each, response) => writeRow(flags, each, response)).finally(
    () => {
      close()
      given.close()
    },
  )
  const summary = summarize(
    open,
    judged.map(({ judged }) => judged),
    { benchmark: bench, source: given.source, protocol: given.protocol },
  )
  for (const [name, why] of Object.entries(UNANSWERED)) {
    const count = judged.filter(({ response }) => typeof response.record[name] === 'string').length
    if (count > 0) summary.notes.push(`${count} of ${judged.length} rows ${why}`)
  }
  await writeReports(flags, summary, judged)
  next(
    [['eval', '--bench', bench, '--data', data, '…', '--report', 'page.html'], 'every verdict on a page'],
    [['compare', 'BEFORE.jsonl', 'AFTER.jsonl'], 'two evaluations with --format ndjson, row by row'],
  )
  return meets(summary, flags.min ?? []) ? EXIT.ok : EXIT.no
}

/** @throws HoneError where episodes are asked for of rows or models that have none. */
function requirePlace({ env, envCmd, mcp, tools, bench, model }: EvalFlags): void {
  const plays = [env, envCmd, mcp, tools].some((each) => each !== null)
  if (plays && (bench !== 'rows' || model === undefined))
    throw new HoneError('Cannot play episodes: an environment needs --bench rows and --model', {
      hint: "BFCL's and ACEBench's own rows are judged by a single answer",
    })
}

/** @throws HoneError where somebody is to be held who is not here. */
function requireHeld({ constrain, model }: EvalFlags): void {
  if (constrain !== 'none' && model === undefined)
    throw new HoneError('Cannot constrain answers that hone does not write itself: --constrain needs --model', {
      hint: 'hone serve --constrain holds the answers of an endpoint',
    })
}

/** @throws HoneError where rewards or budgets are asked for of other rows than hone's own, or of models that are not here. */
function requireRows({ bench, model, reward, thinkBudget, constrain }: EvalFlags): void {
  if (bench !== 'rows' && (reward !== undefined || thinkBudget.length > 0))
    throw new HoneError('Cannot use --reward or --think-budget: they need --bench rows', {
      hint: 'the other benchmarks have judges of their own',
    })
  if (thinkBudget.length > 0 && (model === undefined || constrain !== 'none'))
    throw new HoneError(
      'Cannot end the thoughts of answers that hone does not write freely: --think-budget needs --model, without --constrain',
    )
}

/** The benchmark as the flags have it judged. @throws HoneError */
async function openJudged(flags: EvalFlags, benchmark: Benchmark): Promise<{ open: OpenBenchmark; close: () => void }> {
  const plain = await benchmark.open(flags.data, flags)
  const rewarded = flags.reward === undefined ? undefined : await judgedByReward(plain, flags.data, flags.reward)
  const open = rewarded ?? plain
  return { open: flags.thinkBudget.length > 0 ? byBudget(open) : open, close: () => rewarded?.close() }
}

async function judgeAll(
  open: OpenBenchmark,
  responses: AsyncIterable<Response>,
  onJudged: (judged: Judged, response: Response) => void,
): Promise<Pair[]> {
  const all: Pair[] = []
  for await (const response of responses) {
    const judged = rewarded(unanswered(await open.judge(response), response), response)
    onJudged(judged, response)
    all.push({ judged, response })
  }
  return all
}

/** Fields of a response that was never given, each with the reason, and what is said of them. */
const UNANSWERED = {
  not_asked: 'were not asked and count as wrong: their prompts leave no room.',
  refused: 'were refused by the endpoint and count as wrong.',
  unfinished: 'were not played to their end and count as wrong: that they call nothing is no answer.',
}

/** Where an environment gave a reward, 1 or more is right. */
function rewarded(judged: Judged, { record }: Response): Judged {
  const { reward } = record
  const value = reward instanceof Float ? reward.value : reward
  if (typeof value !== 'number') return judged
  const right = value >= 1
  const judgement = { ...judged.judgement, verdict: right, error_type: right ? null : 'reward' }
  return { ...judged, score: right ? 1 : 0, judgement }
}

/** A row without an answer is not right, even where saying nothing is. */
function unanswered(judged: Judged, { record }: Response): Judged {
  const name = Object.keys(UNANSWERED).find((each) => typeof record[each] === 'string')
  if (name === undefined) return judged
  const wrong = {
    ...('verdict' in judged.judgement && { verdict: false }),
    error_type: name,
    fault: String(record[name]),
  }
  return { ...judged, score: 0, judgement: { ...judged.judgement, ...wrong } }
}

/** Rows of a file of responses. @throws HoneError at `file:line`. */
export async function* responsesOf(file: string): AsyncGenerator<Response> {
  for await (const { line, value } of readRecords(file)) {
    const at = `${file}:${line}`
    if (!isObject(value)) throw new HoneError('Cannot judge the response: the row is no object', { at })
    yield { record: value, at }
  }
}
