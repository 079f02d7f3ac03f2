// Asking the rows of a benchmark: which rows, in which prompt form, of a model or an endpoint.
import type { Benchmark, Item, Response } from '../../eval/benchmark.ts'
import { readItems } from '../../eval/items.ts'
import { inRow } from '../../error.ts'
import { complain } from '../../out.ts'
import { countdown } from '../../shell/meter.ts'
import { isRun } from '../../rundir/paths.ts'
import { readRecord, type RunRecord } from '../../rundir/run.ts'
import { loadTokenizer } from '../../dialogue/chat.ts'
import { promptForm } from '../../dialogue/prompt.ts'
import { KEY } from '../../rl/order.ts'
import type { Stage } from '../../rl/play.ts'
import { rewardFormat } from '../../reward/scorer.ts'
import type { JsonObject } from '../../text/json.ts'
import { readRowValues } from '../../data/rows.ts'
import { type Answered, remembering, sampledBy, type Answerer, type Reply, type Sampled } from '../answer/answerer.ts'
import { type Budgeted, withinBudget } from '../answer/budget.ts'
import { connect } from '../answer/connect.ts'
import { endpointAnswerer } from '../answer/endpoint.ts'
import { type ModelAnswerer, openModelAnswerer } from '../answer/model.ts'
import { asPlayed, openEpisodes, playRows } from '../episodes.ts'
import { cutShort } from '../../rl/trained.ts'
import { preflight } from '../preflight.ts'
import { EXAMPLE, EXAMPLE_DAY, hash, protocolOf, warnOfOtherPrompt } from '../protocol.ts'
import { type EvalFlags, LONGEST } from './flags.ts'
import { openSaved, type Asking } from './saved.ts'
import { modelFolder } from '../model-folder.ts'

/** What came of asking. */
export interface Responses {
  /** Who answered, for people. */
  source: string
  /** See protocol.ts. */
  protocol: string
  responses: AsyncIterable<Response>
  /** Gives back what a model of this machine holds. */
  close(): void
}

/** @throws HoneError for flags that do not go together, a model or data that cannot be read. */
export async function ask(flags: EvalFlags, benchmark: Benchmark): Promise<Responses> {
  const { samples, limit } = flags
  const items = await readItems(benchmark, flags.data, { only: flags.only, limit })
  const form =
    flags.prompt ??
    (benchmark.asTrained && trainedForm(flags.model)) ??
    benchmark.forms[flags.model !== undefined || flags.completions !== undefined ? 'text' : 'chat']
  const local =
    flags.model === undefined
      ? undefined
      : await openModelAnswerer({ ...flags, path: flags.model, prompt: form }, ({ positions }) =>
          sampledOf(flags, positions >> 1),
        )
  const answerer = local ?? (await openEndpoint(flags, form))
  const close = () => local?.free()
  const mode = flags.mode ?? benchmark.mode(answerer.format)
  const reader = benchmark.reader(mode, flags)
  const known = items.flatMap(({ record, asked, right }) =>
    right ? [{ row: { ...asked, ...right }, at: `${flags.data}: ${String(record['id'])}` }] : [],
  )
  // A reward that reads no calls judges answers that no parser reads.
  const parser = flags.reward === undefined ? (flags.parser ?? answerer.format) : rewardFormat(flags.reward)
  if (answerer.words && parser !== undefined)
    preflight(known, { ...answerer.words, parser, obeyed: flags.reward === undefined && flags.parser !== undefined })
  const prompt = answerer.show(EXAMPLE, EXAMPLE_DAY)
  const stage = local && (await openEpisodes(flags, local, flags.parser))
  warnOfOtherPrompt(trainedRun(flags.model)?.protocol?.['prompt'], prompt)
  const held = flags.constrain === 'none' ? '' : `, held to its ${flags.constrain}`
  const ended = flags.thinkBudget.length === 0 ? '' : `, thoughts ended by ${JSON.stringify(flags.thinkEnd)}`
  const protocol = protocolOf({ benchmark: flags.bench, reader, prompt, sampling: answerer.sampled }) + held + ended
  if (local && stage) {
    const label = `${protocol}, env ${flags.env ?? flags.envCmd ?? 'tools'}`
    return { source: answerer.source, protocol: label, responses: episodesOf(flags, local, stage, mode), close }
  }
  tellRoom(items, answerer)
  const budgets = flags.thinkBudget.length > 0 ? flags.thinkBudget.toSorted((a, b) => a - b) : [NO_BUDGET]
  const questions = budgets.flatMap((budget) =>
    items.flatMap(({ record, asked }) =>
      Array.from({ length: samples }, (_, sample): Budgeted & Asking => ({
        asked,
        sample,
        budget,
        key: [KEY.sample, sample, Number(Bun.hash.xxHash32(JSON.stringify(record)))],
        label: { ...record, ...(samples > 1 && { sample }), ...(budget < NO_BUDGET && { budget }) },
        prompt: hash(inRow(`${flags.data}: ${String(record['id'])}`, () => answerer.show(asked))),
      })),
    ),
  )
  const saved = await openSaved<Budgeted & Asking>(flags.save, protocol)
  const answers = local && flags.thinkBudget.length > 0 ? withinBudget(local, flags.thinkEnd) : answerer.answer
  async function* responses(): AsyncGenerator<Response> {
    let asked = 0
    const tell = countdown('asked', questions.length)
    const respond = (missing: Iterable<Budgeted>) => responsesTo(answers(missing), benchmark, mode)
    for await (const response of remembering(questions, saved, respond)) {
      const record = { ...questions[asked++]!.label, ...response }
      tell(asked)
      yield { record, at: `${flags.data}: ${String(record['id'])}` }
    }
  }
  return { source: answerer.source, protocol, responses: responses(), close }
}

/** Episodes of the rows; what the environment gave for one decides whether it is right, else its last turn is judged. */
async function* episodesOf(
  flags: EvalFlags,
  model: ModelAnswerer,
  stage: Stage,
  mode: string,
): AsyncGenerator<Response> {
  async function* rows() {
    let count = 0
    for await (const { line, value } of readRowValues(flags.data))
      if (flags.limit === undefined || count++ < flags.limit) yield asPlayed(value, `${flags.data}:${line}`)
  }
  const { samples } = flags
  for await (const { row, sample, episode, text } of playRows(rows(), model, { stage, samples })) {
    const { stop, turns, outcome } = episode
    const told = { stop, turns: turns.length, ...(outcome?.reward !== undefined && { reward: outcome.reward }) }
    const cut = flags.reward === undefined && row.answer.length === 0 ? cutShort(episode) : undefined
    const unfinished = cut !== undefined && { unfinished: cut }
    const record = { id: row.id, ...(samples > 1 && { sample }), mode, response: text, ...told, ...unfinished }
    yield { record, at: `${flags.data}: ${row.id}` }
  }
}

/** As the flags say, with answers of `most` tokens where they say nothing. */
function sampledOf({ maxNewTokens, ...flags }: EvalFlags, most = LONGEST): Sampled {
  return sampledBy({ ...flags, maxNewTokens: maxNewTokens ?? Math.min(LONGEST, most) })
}

/** Say before the first question which prompts leave too little room for an answer, or none. */
function tellRoom(items: readonly Item[], { roomFor, positions, sampled }: Answerer): void {
  if (!roomFor) return
  const rooms = items.map(({ record, asked }) => ({ id: String(record['id']), room: roomFor(asked) }))
  const without = rooms.filter(({ room }) => room === 0).map(({ id }) => id)
  const short = rooms.filter(({ room }) => room > 0 && room < sampled.maxNewTokens)
  if (short.length > 0)
    complain(
      `warning: ${short.length} of ${rooms.length} prompts leave fewer than ${sampled.maxNewTokens} of the model's ${positions} positions: their answers end where these do`,
    )
  if (without.length > 0)
    complain(
      `warning: ${without.length} of ${rooms.length} prompts are too long for an answer within the model's ${positions} positions; they are not asked and count as wrong: ${without.slice(0, NAMED).join(', ')}${without.length > NAMED ? '…' : ''}`,
    )
}

/** Of a thought that may be as long as it likes. */
const NO_BUDGET = Infinity

/** Rows named in a warning. */
const NAMED = 5

/** A response for each answer. A question that leaves no room, or that an endpoint refuses, has a response that says so; no answer at all ends the work. */
async function* responsesTo(
  answers: AsyncIterable<Answered>,
  benchmark: Benchmark,
  mode: string,
): AsyncGenerator<JsonObject> {
  for await (const answered of answers) {
    if ('text' in answered) yield responseOf(answered, benchmark, mode)
    else if (!answered.noRoom && !answered.refused) throw answered.failure
    else {
      const name = answered.refused ? 'refused' : 'not_asked'
      yield { ...responseOf({ text: '' }, benchmark, mode), [name]: answered.failure.message }
    }
  }
}

/** The fields `response`, `mode` and whatever else the judge needs. `mode` names what reads a text. */
function responseOf({ text, calls }: Reply, { parsed, parsesNone }: Benchmark, mode: string): JsonObject {
  if (!calls) return { mode, response: text }
  if (calls.length === 0 && !parsesNone) return { response: text }
  return { ...parsed(calls), ...(text !== '' && { content: text }) }
}

/** @throws HoneError where flags are missing or the tokenizer cannot be read. */
async function openEndpoint(flags: EvalFlags, form: string): Promise<Answerer> {
  const { concurrency } = flags
  const endpoint = connect(flags)
  const tokenizer =
    flags.completions === undefined ? undefined : await loadTokenizer(modelFolder(flags.completions).model)
  const native = form === 'native' && !tokenizer
  return endpointAnswerer(endpoint, {
    ...sampledOf(flags),
    form: native ? undefined : promptForm(form),
    tokenizer,
    concurrency,
  })
}

/** The form in which the run was trained that `model` names. */
function trainedForm(model: string | undefined): string | undefined {
  const prompt = trainedRun(model)?.settings['prompt']
  return typeof prompt === 'string' ? prompt : undefined
}

/** The record of the run that `model` names, where it is one. */
function trainedRun(model: string | undefined): RunRecord | undefined {
  return model !== undefined && isRun(model) ? readRecord(model) : undefined
}
