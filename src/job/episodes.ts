// Episodes of a model outside training: rows played in an environment, a few at a time, in order.
import * as v from 'valibot'
import { openEnvironment } from '../env/open.ts'
import type { FormatName } from '../dialogue/call.ts'
import { type HoneRow, offeredIn, toRow } from '../dialogue/row.ts'
import { promptIds } from '../dialogue/prompt.ts'
import { inRow } from '../error.ts'
import { log } from '../out.ts'
import { environmentSettings, hasEnvironment } from '../rl/environment-settings.ts'
import { openedBefore, textOf } from '../rl/judge.ts'
import { KEY } from '../rl/order.ts'
import { completeAll, type Stage, stageOf } from '../rl/play.ts'
import type { Sampled } from '../rl/record.ts'
import { lastTurn } from '../rl/trained.ts'
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import { file, orNone, say } from '../text/setting.ts'
import { failures } from './answer/failures.ts'
import type { ModelAnswerer } from './answer/model.ts'
import { readConfigured } from './chat/tools.ts'
import { endingOf } from './open.ts'

const { agent: _, tools: __, ...settings } = environmentSettings

/** Flags of commands that may play episodes; tools stand in a file. */
export const episodeFlags = {
  ...settings,
  tools: say(
    orNone(file(), 'none'),
    'JSON list of tools of an environment: {name, description, parameters, command | url}',
  ),
}
export type EpisodeFlags = v.InferOutput<v.ObjectSchema<typeof episodeFlags, undefined>>

/** Undefined where the flags name no environment. @throws HoneError for one that does not open. */
export async function openEpisodes(
  flags: EpisodeFlags,
  model: ModelAnswerer,
  parser?: FormatName,
): Promise<Stage | undefined> {
  const given = { ...flags, tools: flags.tools === null ? [] : readConfigured(flags.tools) }
  if (!hasEnvironment(given)) return undefined
  const environment = await openEnvironment(given)
  const { tokenizer, form, positions } = model.language
  return environment && stageOf({ ...flags, environment, tokenizer, form, format: parser ?? model.format, positions })
}

export interface Played {
  row: HoneRow
  sample: number
  prompt: readonly number[]
  episode: Sampled
  /** The model's last turn, with the thought that its prompt opened. */
  text: string
}

/** A row to be played, where it stands, and as it was read. */
interface Playable {
  at: string
  row: HoneRow
  json: JsonObject
}

/** @throws HoneError for what is no hone row */
export const asPlayed = (value: Json, at: string): Playable => ({
  at,
  row: toRow(value, at),
  json: isObject(value) ? value : {},
})

/** Rows played at a time. */
const AT_ONCE = 64

/** Every row so many times; whatever ends it closes the stage, and faults are told. Sample i of row n draws by (seed, n, i). */
export async function* playRows(
  rows: AsyncIterable<Playable>,
  { policy, language, sampled, hold }: ModelAnswerer,
  { stage, samples = 1 }: { stage: Stage; samples?: number },
): AsyncGenerator<Played> {
  const { tokenizer, form } = language
  const { seed, stop = [], temperature, maxNewTokens } = sampled
  const sampling = { temperature, maxNewTokens, ...endingOf(tokenizer, stop) }
  let index = 0
  let some: Playable[] = []
  const faults = failures()
  async function* played(): AsyncGenerator<Played> {
    const requests = some.map(({ at, row, json }) => {
      const offered = () => ({ ...row, tools: offeredIn(stage.tools(json), row.tools) })
      const ids = inRow(at, () => promptIds(form, offered(), tokenizer))
      const item = { index, ids, row, json }
      return { item, prompt: ids, samples, key: [seed, KEY.sample, index++] }
    })
    some = []
    for (const { prompt, completions } of await completeAll(policy, requests, sampling, { stage, hold }))
      for (const [sample, episode] of completions.entries()) {
        const { from, to } = lastTurn(episode)
        const fault = episode.outcome?.fault
        if (typeof fault === 'string') faults.add(fault)
        const opened = openedBefore(
          from === 0 ? (episode.promptIds ?? prompt.ids) : episode.ids.slice(0, from),
          tokenizer,
        )
        const text = opened + textOf({ ids: episode.ids.slice(from, to) }, tokenizer)
        yield { row: prompt.row, sample, prompt: prompt.ids, episode, text }
      }
  }
  try {
    for await (const row of rows) if (some.push(row) === AT_ONCE) yield* played()
    yield* played()
    for (const line of faults.lines('episode had a fault', 'episodes had a fault')) log(line)
  } finally {
    stage.close()
  }
}
