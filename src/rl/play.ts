// Completions of prompts, turn by turn where an environment answers: the model's tokens as it drew them, and between them what it was given.
import { findFormat, type FormatName } from '../dialogue/call.ts'
import type { Parsed } from '../dialogue/call/format.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Hold } from '../dialogue/hold.ts'
import { continuationIds } from '../dialogue/continuation.ts'
import { promptIds } from '../dialogue/prompt.ts'
import type { Asked, PromptForm } from '../dialogue/prompt/form.ts'
import type { Message, Tool, ToolCall } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { generateAll, type GenerationOptions, type GenerationRequest } from '../gpu/policy/generate.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Completion, Session } from '../gpu/policy/session.ts'
import { toolsOf } from './held.ts'
import type { Environment, Episode, EpisodeLimits, Observation, Said } from './environment.ts'
import { openedBefore } from './judge.ts'
import type { Outcome, Prompt, Rollout, Sampled, Stop, Turn } from './record.ts'
import { isObject, type JsonObject } from '../text/json.ts'
import { ownWords } from './trained.ts'

/** Where completions are more than one turn. */
export interface Stage {
  /** Who answers, for people. */
  name?: string
  /** Tools that a row is offered beside its own. @throws HoneError for a row that it cannot take. */
  tools(json: JsonObject): readonly Tool[]
  /** Begin an episode and end it, so that an environment that does not run is known before any work. @throws HoneError for it. */
  rehearse?(item: Prompt): Promise<void>
  /** The completions of a request. Its samples have the keys [...key, i]. */
  play(session: Session, request: PlayRequest, sampling: Sampling, hold?: Hold): Promise<Rollout>
  close(): void
}

export type PlayRequest = GenerationRequest & { item: Prompt }

/** Where episodes take place: the environment, in whose words it is spoken to, and its limits. */
export interface Episodes extends EpisodeLimits {
  environment: Environment
  tokenizer: Tokenizer
  form: PromptForm
  /** The call format that turns are read in. */
  format: FormatName
  /** Positions that the model has. */
  positions: number
}

export interface PlayOptions extends GenerationOptions {
  /** Without one a completion is one turn. */
  stage?: Stage | undefined
  /** What holds every turn of the model. */
  hold?: Hold | undefined
}

/** The completions of every request, in order. Sample i of a request has the key [...key, i]. */
export async function completeAll(
  policy: Pick<Policy, 'open'>,
  requests: readonly PlayRequest[],
  sampling: Sampling,
  { stage, hold, onProgress, onWork, ...options }: PlayOptions,
): Promise<Rollout[]> {
  if (!stage) {
    const held = requests.map((request) => ({
      ...request,
      within: hold?.({ tools: toolsOf(request.item) }, request.prompt),
    }))
    const completions = await generateAll(policy, held, sampling, { ...options, onProgress, onWork })
    return requests.map(({ item }, i) => ({ prompt: item, completions: completions[i]!.map(ownWords) }))
  }
  const session = policy.open(options)
  let done = 0
  try {
    return await Promise.all(
      requests.map(async (request) => {
        const rollout = await stage.play(session, request, sampling, hold)
        onProgress?.(++done, requests.length)
        return rollout
      }),
    )
  } finally {
    onWork?.(session.work())
    session.close()
  }
}

/** Completions are episodes of an environment. */
export function stageOf(episodes: Episodes): Stage {
  const { environment } = episodes
  // Every episode has a name of its own, whatever it draws by: held-out rows share their key.
  let begun = 0
  const newId = () => String(begun++)
  return {
    tools: (json) => environment.tools(json),
    play: (session, request, sampling, hold) => playGroup(session, request, sampling, { ...episodes, hold, newId }),
    close: () => environment.close(),
  }
}

type HeldEpisodes = Episodes & Pick<PlayOptions, 'hold'> & { newId(): string }

/** Episodes of one row. What they are asked is one prompt: the first episode's. */
async function playGroup(
  session: Session,
  { item, samples, key, earlier }: PlayRequest,
  sampling: Sampling,
  stage: HeldEpisodes,
): Promise<Rollout> {
  const names = Array.from({ length: samples }, () => stage.newId())
  const opened = await Promise.all(
    names.map((name) => stage.environment.reset(item.row, item.json, name).catch(failed)),
  )
  const first = opened.find(isOpen)
  const asked: Asked = {
    messages: first?.asked?.messages ?? item.row.messages,
    tools: first?.asked?.tools ?? [...stage.environment.tools(item.json), ...item.row.tools],
  }
  const ids = first?.asked ? promptIds(stage.form, asked, stage.tokenizer) : item.ids
  const prompt = { ...item, ids, messages: asked.messages, tools: asked.tools }
  const completions = await Promise.all(
    opened.map(async (episode, i): Promise<Sampled> => {
      if (!isOpen(episode)) return unplayed(episode)
      try {
        if (!Bun.deepEquals(episode.asked, first?.asked)) return unplayed(new Error(DIFFERENT))
        if (prompt.ids.length >= stage.positions) return { ...unplayed(), stop: 'context_overflow' }
        return await play(
          { session, episode, asked, prompt: prompt.ids, key: [...key, i], earlier: earlier?.[i] },
          sampling,
          stage,
        )
      } finally {
        episode.close()
      }
    }),
  )
  return { prompt, completions }
}

const isOpen = (opened: Episode | Error): opened is Episode => !(opened instanceof Error)

const DIFFERENT = 'the environment asked the samples of one row differently'

interface Play {
  session: Session
  episode: Episode
  asked: Asked
  prompt: readonly number[]
  key: readonly number[]
  /** What was written and read in an episode before. */
  earlier: readonly number[] | undefined
}

/** One episode, to its end. */
async function play(
  { session, episode, asked, prompt, key, earlier }: Play,
  sampling: Sampling,
  stage: HeldEpisodes,
): Promise<Sampled> {
  const { tokenizer, form, positions, hold, maxTurns, maxToolCalls, rolloutTimeout } = stage
  const ids: number[] = []
  const logprobs: number[] = []
  const turns: Turn[] = []
  const messages: Message[] = []
  const outcome: Outcome = { reward: undefined, metrics: {}, fault: null, messages }
  const room = () => Math.min(sampling.maxNewTokens, positions - prompt.length) - ids.length
  const late = lateness(rolloutTimeout)
  const lawAfter = (before: readonly number[]) => ({ ...sampling, ...hold?.(asked, before), maxNewTokens: room() })
  const slot = session.submit({
    ids: prompt,
    sampling: lawAfter(prompt),
    key,
    ...(earlier && { earlier }),
  })
  let calls = 0
  const end = (stop: Stop): Sampled => ({
    ids,
    logprobs: Float32Array.from(logprobs),
    trained: turns.filter(({ role }) => role === 'assistant').map(({ from, to }) => ({ from, to })),
    turns,
    stop,
    outcome,
  })
  const append = (role: Turn['role'], some: ArrayLike<number>, logs?: ArrayLike<number>): Turn => {
    const turn: Turn = { role, from: ids.length, to: ids.length + some.length }
    for (let t = 0; t < some.length; t++) {
      ids.push(some[t]!)
      logprobs.push(logs?.[t] ?? 0)
    }
    turns.push(turn)
    return turn
  }
  try {
    for (let wrote = slot.completion; ;) {
      const completion = await Promise.race([wrote, late.promise])
      if (completion === undefined) return end('rollout_timeout')
      const opened = openedBefore(ids.length === 0 ? prompt : ids, tokenizer)
      const turn = append('assistant', completion.ids, completion.logprobs)
      const said = saidIn(completion, opened, stage)
      calls += said.calls.length
      messages.push(messageOf(said))
      if (completion.finish === 'length')
        return end(room() <= 0 && ids.length < sampling.maxNewTokens ? 'context_overflow' : 'max_tokens')
      if (maxToolCalls !== null && calls > maxToolCalls) return end('max_tool_calls')
      const observation = await Promise.race([observe(episode, said), late.promise])
      if (observation === undefined) return end('rollout_timeout')
      note(outcome, turn, observation)
      if (observation.done) return end(observation.stop ?? 'completed')
      if (turns.filter(({ role }) => role === 'assistant').length >= maxTurns) return end('max_turns')
      const given = observation.messages.map((each) => ({ ...each, content: shortened(each.content, stage) }))
      messages.push(...given)
      const called = said.calls.map(({ name }) => name)
      const next = continuationIds({ form, tokenizer, asked, called, given }, completion.finish === 'eos')
      if (next.length >= room())
        return end(ids.length + next.length + 1 > sampling.maxNewTokens ? 'max_tokens' : 'context_overflow')
      append(given[0]?.role ?? 'user', next)
      wrote = slot.extend(next, lawAfter(ids))
    }
  } finally {
    late.forget()
    slot.release()
  }
}

function saidIn({ ids }: Completion, opened: string, { tokenizer, format }: Episodes): Said & Parsed {
  const own = tokenizer.eosIds.includes(ids.at(-1) ?? -1) ? ids.slice(0, -1) : ids
  const text = opened + tokenizer.decode(own)
  return { text, ...findFormat(format).parse(text) }
}

function messageOf({ think, rest, calls }: Parsed): Message {
  const known = calls.flatMap(({ name, arguments: values }): ToolCall[] =>
    isObject(values) ? [{ name, arguments: values }] : [],
  )
  return {
    role: 'assistant',
    content: rest,
    ...(known.length > 0 && { tool_calls: known }),
    ...(think !== null && { reasoning_content: think }),
  }
}

/** What an environment cannot answer ends the episode with a fault. */
async function observe(episode: Episode, said: Said): Promise<Observation> {
  try {
    return await episode.step(said)
  } catch (error) {
    if (error instanceof HoneError) throw error
    return { messages: [], done: true, stop: 'completed', fault: failed(error).message }
  }
}

function note(outcome: Outcome, turn: Turn, { reward, metrics = {}, fault }: Observation): void {
  if (reward !== undefined) {
    turn.reward = reward
    outcome.reward = (outcome.reward ?? 0) + reward
  }
  for (const [name, value] of Object.entries(metrics)) outcome.metrics[name] = (outcome.metrics[name] ?? 0) + value
  outcome.fault ??= fault ?? null
}

/** Characters of a text of which no more than that many tokens can be kept. */
const LONGEST_TOKEN = 16

/** A message of at most so many tokens: of a longer one the middle goes. */
function shortened(
  text: string,
  { tokenizer, toolResultTokens: most }: Pick<Episodes, 'tokenizer' | 'toolResultTokens'>,
): string {
  const reach = most * LONGEST_TOKEN
  const near = text.length > 2 * reach ? text.slice(0, reach) + text.slice(-reach) : text
  const ids = tokenizer.encode(near)
  if (ids.length <= most && near === text) return text
  const half = Math.max(1, most >> 1)
  const [head, tail] = [tokenizer.decode(ids.slice(0, half)), tokenizer.decode(ids.slice(-half))]
  return `${head}\n… (${text.length} characters in all)\n${tail}`
}

/** An episode that could not begin. */
function unplayed(error?: Error): Sampled {
  const outcome: Outcome = { reward: undefined, metrics: {}, fault: error?.message ?? null }
  return { ids: [], logprobs: new Float32Array(), trained: [], turns: [], stop: 'completed', outcome }
}

const failed = (error: unknown): Error => {
  if (error instanceof HoneError) throw error
  return error instanceof Error ? error : new Error(String(error))
}

/** Resolves after so many seconds, never where they are null, unless it is forgotten before. */
function lateness(seconds: number | null) {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = seconds === null ? undefined : setTimeout(() => resolve(undefined), seconds * 1000)
  return { promise, forget: () => clearTimeout(timer) }
}
