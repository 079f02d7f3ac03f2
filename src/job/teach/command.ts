// The flags that distill and difficulty share, and the order of their work: read rows, ask, write what is kept, say the
// counts.
import * as v from 'valibot'
import { EXIT, HoneError, type ExitCode } from '../../error.ts'
import { promptForm } from '../../dialogue/prompt.ts'
import { openWriter } from '../../text/jsonl.ts'
import { readRowValues } from '../../data/rows.ts'
import { clearStatus, log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { rewardModel } from '../../reward/model.ts'
import { openScorer } from '../../reward/scorer.ts'
import { type HoneRow, toRow } from '../../dialogue/row.ts'
import { onDevice } from '../../gpu/device/spec.ts'
import { dumpJson, isObject, type JsonObject } from '../../text/json.ts'
import { argument, atLeast, count, file, folder, named, names, otherwise, say } from '../../text/setting.ts'
import { sampledBy, withMemory, type Answerer } from '../answer/answerer.ts'
import { connect, usualEndpoint } from '../answer/connect.ts'
import { countingFailures } from '../answer/failures.ts'
import { endpointAnswerer } from '../answer/endpoint.ts'
import { requireApart } from '../apart.ts'
import { openTexts } from '../answer/kept.ts'
import { openModelAnswerer } from '../answer/model.ts'
import { episodeFlags, openEpisodes } from '../episodes.ts'
import { endpointFlags, formName, output, rewardName, sampling } from '../flags.ts'
import { difficulty, range, type DifficultyCounts } from './difficulty.ts'
import { keeper, keeps } from './keep.ts'
import { distill, type DistillCounts, plainReplies, type Replies } from './distill.ts'
import { hintedReplies, readHints } from './hinted.ts'
import { hints } from './hints.ts'
import { openReplyWriter, playedReplies } from './writer.ts'

/** Of both; they differ in how warm a sample is. */
const shared = (temperature: number) => ({
  file: argument(file(), 'hone rows; - is standard input'),
  output,
  ...endpointFlags,
  reward: say(v.optional(rewardName(), 'tool-n1'), 'reward that accepts a reply'),
  prompt: say(v.optional(formName(), 'tool-n1'), 'prompt form'),
  cache: say(otherwise(file(), 'OUTPUT.answers.jsonl'), 'file of replies, to go on from'),
  perMinute: say(otherwise(atLeast(1), 'no limit'), 'requests started a minute at most'),
  maxNewTokens: say(v.optional(count(), 4096), 'longest answer, in tokens'),
  ...sampling(temperature),
  limit: say(otherwise(count(), 'all'), 'rows to take'),
})

export const DistillFlags = v.object({
  ...shared(0.6),
  model: say(v.optional(folder()), 'folder of a model, or of a finished run, in place of an endpoint'),
  ...onDevice(),
  keep: say(v.optional(names(keeps), 'first'), 'what to keep of the replies to a row'),
  hints: say(
    v.optional(named(hints, 'NAMES|FILE')),
    "hints, between commas, or a file of rows {at, text}: rows that --model's greedy reply gets wrong are gone on with from there",
  ),
  attempts: say(v.optional(count(), 10), 'replies to ask for; to keep the first, until one is accepted'),
  minScore: say(otherwise(v.number(), "the right answer's; any for best and pairs"), 'score that accepts a reply'),
  ...episodeFlags,
})

export const DifficultyFlags = v.object({
  ...shared(1),
  model: say(v.optional(folder()), 'folder of a model, or of a finished run'),
  ...onDevice(),
  samples: say(v.optional(count(), 8), 'answers per row'),
  keep: say(v.optional(range(), '0..1'), 'pass rates to keep, such as 0.2..0.8'),
})

type TeachFlags = Omit<v.InferOutput<typeof DifficultyFlags>, 'samples' | 'keep'>

/** hone distill. 1 where no reply was accepted. @throws HoneError */
export async function distillCommand(flags: v.InferOutput<typeof DistillFlags>): Promise<ExitCode> {
  const { accepted } = await runDistill(flags)
  const kind = flags.keep === 'pairs' ? 'dpo' : 'sft'
  if (accepted === 0) return EXIT.no
  next([[kind, '--model', 'DIR', '--data', flags.output, '--output', 'RUN'], 'train on them'])
  return EXIT.ok
}

/** Write what is kept, and say how much that is. @throws HoneError */
export async function runDistill(flags: v.InferOutput<typeof DistillFlags>): Promise<DistillCounts> {
  const { concurrency, minScore: minimum, keep } = flags
  if (minimum === undefined && !keeper(keep).relative && rewardModel(flags.reward) !== undefined)
    throw new HoneError('Give --min-score: a reward model has no score for what is right')
  const teacher = await repliesOf(flags)
  const counts: DistillCounts = { right: 0, accepted: 0, rejected: 0, failed: 0, replies: 0 }
  try {
    await work(flags, (rows, scorer) => distill(rows, teacher, scorer, { concurrency, minimum, keep }, counts))
  } finally {
    teacher.close?.()
  }
  if (flags.hints !== undefined) log(`right without a hint ${counts.right}`)
  log(
    `accepted ${counts.accepted}  rejected ${counts.rejected}  failed ${counts.failed}  (${counts.replies} replies of ${teacher.source})`,
  )
  for (const line of teacher.failures()) log(line)
  return counts
}

/** hone difficulty. 1 where no row is kept. @throws HoneError */
export async function difficultyCommand(flags: v.InferOutput<typeof DifficultyFlags>): Promise<ExitCode> {
  const { samples, keep } = flags
  const teacher = await teacherOf(flags)
  const counts: DifficultyCounts = { kept: 0, easy: 0, hard: 0, failed: 0, histogram: [] }
  await work(flags, (rows, scorer) => difficulty(rows, teacher, scorer, { samples, keep }, counts))
  const most = Math.max(1, ...counts.histogram)
  for (const [passes, count] of counts.histogram.entries())
    log(
      `${passes}/${samples}`.padStart(7) +
        String(count).padStart(8) +
        `  ${'█'.repeat(Math.round((40 * count) / most))}`,
    )
  log(`kept ${counts.kept}  too easy ${counts.easy}  too hard ${counts.hard}  failed ${counts.failed}`)
  for (const line of teacher.failures()) log(line)
  if (counts.kept === 0) return EXIT.no
  next([['train', '--model', flags.model ?? 'DIR', '--data', flags.output, '--output', 'RUN'], 'train on them'])
  return EXIT.ok
}

/** Who says why replies did not come. */
interface Failing {
  failures(): string[]
}

/** The teacher's replies; with hints, or where calls are answered as it writes, those of a model that runs here. @throws HoneError */
async function repliesOf(
  flags: v.InferOutput<typeof DistillFlags>,
): Promise<Failing & { source: string; replies: Replies; close?: (() => void) | undefined }> {
  const { attempts, hints: said, model: path, device, dtype, prompt, frame } = flags
  const plays = [flags.env, flags.envCmd, flags.mcp, flags.tools].some((each) => each !== null)
  if (said === undefined && !plays) {
    const teacher = await teacherOf(flags)
    const replies = plainReplies(teacher, attempts, { tidy: path === undefined })
    return { source: teacher.source, replies, failures: teacher.failures }
  }
  if (path === undefined)
    throw new HoneError(
      `Cannot ${plays ? 'answer the calls' : 'go on with the reply'} of an endpoint: ${plays ? 'an environment' : '--hints'} needs --model`,
      { hint: `${plays ? 'results' : 'hints'} are put into the tokens of a model that runs here` },
    )
  if (plays && frame === null)
    throw new HoneError('Cannot keep a reply of several messages: an environment needs --frame', {
      hint: 'in a frame calls and their results stand in one text, which fine-tuning can teach',
    })
  const hints = said === undefined ? undefined : await readHints(said)
  const model = await openModelAnswerer({ path, device, dtype, prompt }, sampledBy(flags))
  const stage = await openEpisodes(flags, model)
  const writer = openReplyWriter(model, stage)
  const replies = hints ? hintedReplies(model, writer, hints, attempts) : playedReplies(model, writer, attempts)
  return { source: model.source, replies, failures: () => [], close: stage?.close }
}

/** The model or the endpoint, with the replies of earlier runs. @throws HoneError where not one of them is given */
async function teacherOf(flags: TeachFlags): Promise<Answerer & Failing> {
  const { model: path, device, dtype, prompt } = flags
  if (path === undefined ? (flags.endpoint ?? usualEndpoint()) === undefined : flags.endpoint !== undefined)
    throw new HoneError('Give either --model DIR or --endpoint URL')
  const answerer =
    path === undefined ? endpointOf(flags) : await openModelAnswerer({ path, device, dtype, prompt }, sampledBy(flags))
  const { answerer: teacher, lines } = countingFailures(answerer)
  return { ...(await withTexts(flags, teacher)), failures: lines }
}

function endpointOf(flags: TeachFlags): Answerer {
  const { prompt, concurrency, perMinute } = flags
  const endpoint = connect(flags)
  const options = { ...sampledBy(flags), concurrency, ...(perMinute !== undefined && { perMinute }) }
  return endpointAnswerer(endpoint, { ...options, form: promptForm(prompt) })
}

/** The teacher with the replies of earlier runs. */
async function withTexts({ cache, output }: TeachFlags, teacher: Answerer): Promise<Answerer> {
  return withMemory(teacher, await openTexts(cache ?? (output === '-' ? undefined : `${output}.answers.jsonl`)))
}

async function work(
  flags: TeachFlags,
  ask: (rows: HoneRow[], scorer: ReturnType<typeof openScorer>) => AsyncIterable<JsonObject>,
): Promise<void> {
  const { limit = Infinity } = flags
  requireApart({ '--output': flags.output, '--cache': flags.cache }, [flags.file])
  const rows: HoneRow[] = []
  for await (const { line, value } of readRowValues(flags.file)) {
    // Columns beside those of a hone row are the reward's, and stay.
    if (rows.push({ ...(isObject(value) && value), ...toRow(value, `${flags.file}:${line}`) }) >= limit) break
  }
  const scorer = openScorer(flags.reward)
  const writer = openWriter(flags.output)
  try {
    for await (const row of ask(rows, scorer)) writer.write(dumpJson(row, { ensureAscii: false }))
    writer.commit()
  } finally {
    clearStatus()
    writer.discard()
    scorer.close()
  }
}
