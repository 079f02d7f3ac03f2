// Inference over rows: what is asked as token ids, completed while rows are being read, one answer per row in order.
import * as v from 'valibot'
import type { Call } from '../dialogue/call/format.ts'
import { findFormat } from '../dialogue/call.ts'
import { HoneError } from '../error.ts'
import { data, say as speak, visible } from '../out.ts'
import { onDevice } from '../gpu/device/spec.ts'
import { decimalsOf, dumpJson, isObject, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { readRowValues } from '../data/rows.ts'
import { COMPLETIONS, HoneRow, idField, rowText, Tool } from '../dialogue/row.ts'
import { truthOf } from '../reward/rows.ts'
import { KEY } from '../rl/order.ts'
import { flagsOf } from '../rl/trained.ts'
import { openProgress } from '../shell/meter.ts'
import { next } from '../shell/next.ts'
import { forPeople } from '../shell/rows.ts'
import { argument, count, file, folder, nonEmpty, otherwise, say, several } from '../text/setting.ts'
import { LONGEST, openModelAnswerer, tooLong, usualLength, type ModelAnswerer } from './answer/model.ts'
import { asPlayed, episodeFlags, openEpisodes, playRows, type Played } from './episodes.ts'
import { constrain, formName, parserName, rowsFormat, sampling } from './flags.ts'
import { FIRST, preflight } from './preflight.ts'
import { promptOf, type Prompted } from './prompted.ts'

export const InferFlags = v.object({
  model: argument(folder(), 'folder of a model, or of a finished run'),
  adapter: say(v.optional(folder()), 'PEFT adapter folder'),
  base: say(v.optional(folder()), 'where the model lies now that a run with an adapter began with'),
  input: say(v.optional(file(), '-'), 'rows of messages, prompt or input_ids; - is standard input'),
  maxNewTokens: say(otherwise(count(), `at most ${LONGEST}`), 'longest answer, in tokens'),
  ...sampling(0),
  n: say(v.optional(count(), 1), 'answers to every row; of several, each is a line and has its number as sample'),
  stop: say(several(nonEmpty(), 'TEXT'), 'ends an answer, which is cut before it; may be given several times'),
  logprobs: say(v.optional(v.boolean(), true), 'the log-prob of every output id'),
  prompt: say(v.optional(formName(), 'native'), 'prompt form of messages'),
  parser: say(otherwise(parserName(), 'that of the prompt form'), 'format of the calls'),
  constrain,
  ...onDevice(),
  format: rowsFormat,
  ...episodeFlags,
})

/**
 * A line for every row. @throws HoneError for a folder or device that hone cannot run, and rows that cannot be
 * completed.
 */
export async function inferCommand(flags: v.InferOutput<typeof InferFlags>): Promise<void> {
  const { model: path, input, maxNewTokens, parser, temperature, seed, stop } = flags
  const model = await openModelAnswerer({ path, ...flags }, ({ positions }) => ({
    temperature,
    maxNewTokens: maxNewTokens ?? usualLength(positions),
    seed,
    stop,
  }))
  const progress = openProgress('infer', undefined)
  const stage = await openEpisodes(flags, model, parser)
  if (stage) {
    for await (const played of playRows(rowsOf(input), model, { stage, samples: flags.n })) {
      data(dumpJson(transcriptOf(played, flags), { ensureAscii: false }))
      progress.row()
    }
    return progress.end()
  }
  const people = forPeople(flags.format)
  for await (const { sample, logprobs, row, ...answer } of infer(input, model, { parser, samples: flags.n })) {
    const made = { ...answer, ...(flags.logprobs && { logprobs }), ...(flags.n > 1 && { sample }) }
    if (people) speak(1, `${visible(spokenOf(row, answer))}\n`)
    else data(dumpJson({ ...keptOf(row), ...made }, { ensureAscii: false }))
    progress.row()
  }
  progress.end()
  next([['infer', path, '--input', input, '--format', 'ndjson'], 'rows that hone score and hone parse read'])
}

/** The id of a row, and where it says what is right, so that a reward can judge, all that it asks and holds. */
function keptOf(row: JsonObject): JsonObject {
  if (truthOf(row) === undefined) return idField(row)
  return Object.fromEntries(Object.entries(row).filter(([name]) => !COMPLETIONS.includes(name)))
}

/** For people: the text, after the id of its row. */
const spokenOf = (row: JsonObject, { text }: { text: string }): string => {
  const { id } = idField(row)
  return id === undefined ? text : `${id}: ${text}`
}

/** Hone rows as they were read, too. @throws HoneError */
async function* rowsOf(file: string) {
  for await (const { line, value } of readRowValues(file)) yield asPlayed(value, `${file}:${line}`)
}

/** An episode as a hone row whose messages are the whole transcript, with what training keeps of it. */
function transcriptOf(
  { row, sample, prompt, episode, text }: Played,
  flags: { logprobs: boolean; n: number },
): JsonObject {
  const { ids, logprobs, turns, stop, outcome } = episode
  const messages = [...row.messages, ...(outcome?.messages ?? [])].map((each): Json => parseJson(JSON.stringify(each)))
  return {
    ...parseObject(rowText(row)),
    messages,
    text,
    turns: turns.map(({ role, from, to }) => ({ role, from, to })),
    stop,
    ...(outcome?.reward !== undefined && { reward: outcome.reward }),
    ...(outcome && { metrics: { ...outcome.metrics }, fault: outcome.fault }),
    prompt_ids: [...(episode.promptIds ?? prompt)],
    output_ids: [...ids],
    trained: flagsOf(episode),
    // Sequences before the one of the last turn, where the template has written the history anew since.
    ...(episode.rewritten && {
      rewritten: episode.rewritten.map((each) => ({
        prompt_ids: [...(each.promptIds ?? prompt)],
        output_ids: [...each.ids],
        trained: flagsOf(each),
      })),
    }),
    ...(flags.logprobs && { logprobs: decimalsOf(logprobs) }),
    ...(flags.n > 1 && { sample }),
  }
}

function parseObject(text: string): JsonObject {
  const value = parseJson(text)
  return isObject(value) ? value : {}
}

/** The answer to one row. Ids include the token that ended it, the text does not. */
export interface Answer {
  /** As it was read. */
  row: JsonObject
  text: string
  calls: Call[]
  prompt_ids: number[]
  output_ids: number[]
  /** Of each output id: at temperature 1 where decoding is greedy, else of the distribution sampled from. */
  logprobs: number[]
  /** Of several answers to a row, which it is. */
  sample: number
}

const { messages, answer, meta } = HoneRow.entries
const Known = v.object({ messages, tools: v.optional(v.array(Tool), []), answer, meta })

/**
 * Answers to the rows of a JSONL file (`-` = stdin), `samples` to each, in order, while it is being read; `parser` reads their
 * calls, unless given that of the prompt form. Answer i to row n draws its random numbers by (seed, n, i), whatever else is in
 * the batch.
 * @throws HoneError at `file:line` for a row that asks nothing, or asks for more than the model's positions.
 */
export async function* infer(
  file: string,
  model: ModelAnswerer,
  { parser = model.format, samples = 1 }: { parser?: string | undefined; samples?: number } = {},
): AsyncGenerator<Answer> {
  const { parse } = findFormat(parser)
  async function* prompts() {
    let index = 0
    for await (const { at, value } of checked(file, model, parser)) {
      const { prompt, tools } = askedBy(value, at, model)
      const row = isObject(value) ? value : {}
      yield { row, prompt, key: [KEY.sample, index++], samples, within: held(model, prompt, tools, at) }
    }
  }
  for await (const { prompt, sample, reply } of model.complete(prompts())) {
    const { text, completion } = reply
    const { calls } = parse(text)
    const logprobs = decimalsOf(completion.logprobs)
    yield { row: prompt.row, text, calls, prompt_ids: [...prompt.prompt], output_ids: completion.ids, logprobs, sample }
  }
}

/** The rows, once the first ones that say what is right have passed the preflight. */
async function* checked(file: string, { words, format }: ModelAnswerer, parser: string) {
  const first: { at: string; value: Json }[] = []
  const check = () => {
    const known = first.flatMap(({ at, value }) => {
      const row = v.safeParse(Known, value)
      return row.success ? [{ row: row.output, at }] : []
    })
    if (words) preflight(known, { ...words, parser, obeyed: parser !== format })
    return first.splice(0)
  }
  let passed = false
  for await (const { line, value } of readRowValues(file)) {
    const row = { at: `${file}:${line}`, value }
    if (passed) yield row
    else if (first.push(row) === FIRST) {
      passed = true
      yield* check()
    }
  }
  yield* check()
}

/** What holds the answer. @throws HoneError for a prompt of which nobody knows the tools. */
function held({ hold }: ModelAnswerer, prompt: readonly number[], tools: readonly Tool[] | undefined, at: string) {
  if (hold && !tools)
    throw new HoneError('Cannot constrain the row: it names no tools', {
      at,
      hint: 'a row of messages does, and others with "tools": […]',
    })
  return tools && hold?.({ tools }, prompt)
}

function askedBy(row: Json, at: string, { language, sampled, positions }: ModelAnswerer): Prompted {
  const asked = promptOf(row, at, language)
  const { prompt } = asked
  if (prompt.length + sampled.maxNewTokens > positions)
    throw tooLong(prompt.length, sampled.maxNewTokens, positions, at)
  return asked
}
