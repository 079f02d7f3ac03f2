// One episode, turn by turn: the model's tokens as it drew them, and between them what it was given.
import { findFormat, type FormatName } from '../dialogue/call.ts'
import type { Parsed } from '../dialogue/call/format.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Hold } from '../dialogue/hold.ts'
import { continuationIds } from '../dialogue/continuation.ts'
import type { Asked, PromptForm } from '../dialogue/prompt/form.ts'
import type { Message, ToolCall } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Completion, Session, Slot } from '../gpu/policy/session.ts'
import type { Environment, Episode, EpisodeLimits, Observation, Said } from './environment.ts'
import { openedBefore, stopsAt } from './judge.ts'
import type { Outcome, Sampled, Stop, Turn } from './record.ts'
import { isObject } from '../text/json.ts'

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

/** What a sample begins with. */
export interface Beginning {
  session: Session
  episode: Episode
  asked: Asked
  prompt: readonly number[]
  /** Its tokens are drawn by key and place after the prompt. */
  key: readonly number[]
  /** What was written and read in an episode before. */
  earlier?: readonly number[] | undefined
  sampling: Sampling
  stage: Episodes & { hold?: Hold | undefined }
  /** Tokens of a turn whose entropy is looked at. */
  watched?: number
}

/** All that happened before a turn. */
export interface Past {
  ids: readonly number[]
  logprobs: readonly number[]
  turns: readonly Turn[]
  outcome: Outcome & { messages: readonly Message[] }
  calls: number
  /** What the environment was told, and what it answered. */
  told: readonly { said: Said; answered: Observation['messages'] }[]
  /** Entropy of the first tokens of the first turn. */
  surprise: number | undefined
}

const nothing: Past = {
  ids: [],
  logprobs: [],
  turns: [],
  outcome: { reward: undefined, metrics: {}, fault: null, messages: [] },
  calls: 0,
  told: [],
  surprise: undefined,
}

/** An episode that is played: a turn is written, then answered. */
export interface Playing {
  readonly episode: Episode
  /** Resolves when the model's next turn is written, or the time is over. */
  write(): Promise<void>
  /** What the environment says to it. Resolves to the whole where the episode ends with it. */
  answer(): Promise<Sampled | undefined>
  /** What was before the turn that is written. */
  past(): Past
  /** Sum of the entropies of the first watched tokens of the turn. */
  surprise(): number
  close(): void
}

/** Candidates whose entropy is looked at, as the published code asks its sampler for. */
const CANDIDATES = 10

/** An episode from its prompt, or from what another one was before a turn. */
export function playing(beginning: Beginning, past: Past = nothing): Playing {
  const { session, episode, asked, prompt, key, earlier, sampling, stage, watched = 0 } = beginning
  const { tokenizer, form, positions, hold, maxTurns, maxToolCalls, rolloutTimeout } = stage
  const room = () => Math.min(sampling.maxNewTokens, positions - prompt.length) - past.ids.length
  const late = lateness(rolloutTimeout)
  const law = () => {
    const before = past.ids.length === 0 ? prompt : past.ids
    const ends = stopsAt(episode.stops?.() ?? [], tokenizer)
    const stop = ends && { stop: (ids: readonly number[]) => ends(ids) || sampling.stop?.(ids) === true }
    return { ...sampling, ...stop, ...hold?.(asked, before), maxNewTokens: room() }
  }
  let slot: Slot | undefined
  /** Given since the slot wrote last. */
  let given: readonly number[] = []
  let written: Completion | undefined
  let surprise = 0
  let seen = 0
  const submit = (): Slot =>
    session.submit({
      ids: [...prompt, ...past.ids],
      origin: prompt.length,
      sampling: law(),
      key,
      ...(earlier && { earlier }),
      ...(watched > 0 && {
        alternatives: CANDIDATES,
        onToken(_id, _logprob, likeliest) {
          if (seen++ < watched) for (const { logprob } of likeliest(CANDIDATES)) surprise -= logprob * Math.exp(logprob)
        },
      }),
    })
  const end = (stop: Stop): Sampled => ({
    ids: past.ids,
    logprobs: Float32Array.from(past.logprobs),
    trained: past.turns.filter(({ role }) => role === 'assistant').map(({ from, to }) => ({ from, to })),
    turns: past.turns,
    stop,
    outcome: past.outcome,
  })
  const append = (role: Turn['role'], some: ArrayLike<number>, logs?: ArrayLike<number>, reward?: number): void => {
    const from = past.ids.length
    past = {
      ...past,
      ids: [...past.ids, ...Array.from(some)],
      logprobs: [...past.logprobs, ...(logs ? Array.from(logs) : Array.from(some, () => 0))],
      turns: [...past.turns, { role, from, to: from + some.length, ...(reward !== undefined && { reward }) }],
    }
  }
  const hear = (message: readonly Message[]): void => {
    past = { ...past, outcome: { ...past.outcome, messages: [...past.outcome.messages, ...message] } }
  }
  return {
    episode,
    async write() {
      ;[surprise, seen] = [0, 0]
      const writing = slot ? slot.extend(given, law()) : (slot = submit()).completion
      written = await Promise.race([writing, late.promise])
    },
    async answer() {
      const completion = written
      if (completion === undefined) return end('rollout_timeout')
      const opened = openedBefore(past.ids.length === 0 ? prompt : past.ids, tokenizer)
      const said = saidIn(completion, opened, stage)
      const calls = past.calls + said.calls.length
      past = { ...past, calls, surprise: past.surprise ?? surprise }
      hear([messageOf(said)])
      const wrote = (reward?: number) => append('assistant', completion.ids, completion.logprobs, reward)
      if (completion.finish === 'length') {
        wrote()
        return end(room() <= 0 && past.ids.length < sampling.maxNewTokens ? 'context_overflow' : 'max_tokens')
      }
      if (maxToolCalls !== null && calls > maxToolCalls) return (wrote(), end('max_tool_calls'))
      const observation = await Promise.race([observe(episode, said), late.promise])
      wrote(observation?.reward)
      if (observation === undefined) return end('rollout_timeout')
      past = { ...past, outcome: { ...past.outcome, ...noted(past.outcome, observation) } }
      if (observation.done) return end(observation.stop ?? 'completed')
      if (past.turns.filter(({ role }) => role === 'assistant').length >= maxTurns) return end('max_turns')
      const { inserted } = observation
      const answered = observation.messages.map((each) => ({
        ...each,
        content: inserted === undefined ? shortened(each.content, stage) : each.content,
      }))
      hear(answered)
      past = { ...past, told: [...past.told, { said, answered: observation.messages }] }
      const called = said.calls.map(({ name }) => name)
      given =
        inserted === undefined
          ? continuationIds({ form, tokenizer, asked, called, given: answered }, completion.finish === 'eos')
          : tokenizer.encode(inserted)
      if (given.length >= room())
        return end(past.ids.length + given.length + 1 > sampling.maxNewTokens ? 'max_tokens' : 'context_overflow')
      if (given.length > 0) append(answered[0]?.role ?? 'user', given)
      return undefined
    },
    past: () => past,
    surprise: () => surprise,
    close() {
      late.forget()
      slot?.release()
      episode.close()
    },
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
    return { messages: [], done: true, stop: 'completed', fault: errorOf(error).message }
  }
}

/** What an episode has come to with what was said to a turn of it. */
function noted(
  before: Outcome,
  { reward, metrics = {}, fault, answer }: Observation,
): Pick<Outcome, 'reward' | 'metrics' | 'fault' | 'answer'> {
  const sums = { ...before.metrics }
  for (const [name, value] of Object.entries(metrics)) sums[name] = (sums[name] ?? 0) + value
  return {
    reward: reward === undefined ? before.reward : (before.reward ?? 0) + reward,
    metrics: sums,
    fault: before.fault ?? fault ?? null,
    ...(answer !== undefined && { answer }),
  }
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

/** Resolves after so many seconds, never where they are null, unless it is forgotten before. */
function lateness(seconds: number | null) {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = seconds === null ? undefined : setTimeout(() => resolve(undefined), seconds * 1000)
  return { promise, forget: () => clearTimeout(timer) }
}

/** @throws what is wrong with the settings or the data: it ends the run. */
export const errorOf = (error: unknown): Error => {
  if (error instanceof HoneError) throw error
  return error instanceof Error ? error : new Error(String(error))
}
