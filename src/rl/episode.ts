// One episode, turn by turn: the model's tokens as it drew them, and between them what it was given.
import type { FormatName } from '../dialogue/call.ts'
import type { Tokenizer } from '../dialogue/chat.ts'
import type { Hold } from '../dialogue/hold.ts'
import { continuationIds, forgetsThought } from '../dialogue/continuation.ts'
import { promptIds } from '../dialogue/prompt.ts'
import type { Asked, PromptForm } from '../dialogue/prompt/form.ts'
import type { Message } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Completion, Session, Slot } from '../gpu/policy/session.ts'
import type { Environment, Episode, EpisodeLimits, Observation, Said } from './environment.ts'
import { openedBefore, stopsAt } from './judge.ts'
import type { Outcome, Sampled, Stop, Turn } from './record.ts'
import { messageOf, noted, saidIn, shortened } from './said.ts'

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
  /** What the ids follow: the sample's prompt, or the history as the template has written it anew. */
  prompt: readonly number[]
  /** Sequences before that history, without what is said of the whole; and their tokens. */
  left: readonly Omit<Sampled, 'stop' | 'outcome'>[]
  spent: number
  /** Turns of the model in them. */
  turnsLeft: number
  /** A turn of the model has a thought. */
  thought: boolean
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

const nothing: Omit<Past, 'prompt'> = {
  left: [],
  spent: 0,
  turnsLeft: 0,
  thought: false,
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
export function playing(beginning: Beginning, past: Past = { ...nothing, prompt: beginning.prompt }): Playing {
  const { session, episode, asked, key, earlier, sampling, stage, watched = 0 } = beginning
  const { tokenizer, form, positions, hold, maxTurns, maxToolCalls, rolloutTimeout } = stage
  const room = () => Math.min(sampling.maxNewTokens - past.spent, positions - past.prompt.length) - past.ids.length
  const late = lateness(rolloutTimeout)
  const law = () => {
    const before = past.ids.length === 0 ? past.prompt : past.ids
    const ends = stopsAt(episode.stops?.() ?? [], tokenizer)
    const stop = ends && { stop: (ids: readonly number[]) => ends(ids) || sampling.stop?.(ids) === true }
    return { ...sampling, ...stop, ...hold?.(asked, before), maxNewTokens: room() }
  }
  let slot: Slot | undefined
  /** Given since the slot wrote last. */
  let given: readonly number[] = []
  let written: Completion | undefined
  let lastText = ''
  let surprise = 0
  let seen = 0
  const submit = (): Slot =>
    session.submit({
      ids: [...past.prompt, ...past.ids],
      origin: past.prompt.length,
      sampling: law(),
      key: past.left.length === 0 ? key : [...key, past.left.length],
      ...(earlier && past.left.length === 0 && { earlier }),
      ...(watched > 0 && {
        alternatives: CANDIDATES,
        onToken(_id, _logprob, likeliest) {
          if (seen++ < watched) for (const { logprob } of likeliest(CANDIDATES)) surprise -= logprob * Math.exp(logprob)
        },
      }),
    })
  const ownTurns = () => past.turns.filter(({ role }) => role === 'assistant')
  const sequence = (): Omit<Sampled, 'stop' | 'outcome'> => ({
    ...(past.prompt !== beginning.prompt && { promptIds: past.prompt }),
    ids: past.ids,
    logprobs: Float32Array.from(past.logprobs),
    trained: ownTurns().map(({ from, to }) => ({ from, to })),
    turns: past.turns,
  })
  const end = (stop: Stop): Sampled => {
    const { outcome } = past
    // What the reward judges is the last turn of the episode, not that of a sequence before.
    const answer = outcome.answer ?? lastText
    const rewritten = past.left.map((each) => ({ ...each, stop, outcome: { ...outcome, answer } }))
    return { ...sequence(), stop, outcome, ...(rewritten.length > 0 && { rewritten }) }
  }
  /** The next turn follows the history as the template writes it now, in a sequence of its own. */
  const beginAnew = (ids: readonly number[]): void => {
    const { outcome } = past
    past = {
      ...past,
      prompt: ids,
      left: [...past.left, sequence()],
      spent: past.spent + past.ids.length,
      turnsLeft: past.turnsLeft + ownTurns().length,
      thought: false,
      ids: [],
      logprobs: [],
      turns: [],
      outcome: { ...outcome, metrics: { ...outcome.metrics, rewritten: (outcome.metrics['rewritten'] ?? 0) + 1 } },
    }
    slot?.release()
    slot = undefined
  }
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
      const opened = openedBefore(past.ids.length === 0 ? past.prompt : past.ids, tokenizer)
      const said = saidIn(completion, opened, stage)
      const calls = past.calls + said.calls.length
      past = { ...past, calls, surprise: past.surprise ?? surprise, thought: past.thought || said.think !== null }
      lastText = said.text
      hear([messageOf(said)])
      const wrote = (reward?: number) => append('assistant', completion.ids, completion.logprobs, reward)
      if (completion.finish === 'length') {
        wrote()
        return end(
          room() <= 0 && past.spent + past.ids.length < sampling.maxNewTokens ? 'context_overflow' : 'max_tokens',
        )
      }
      if (maxToolCalls !== null && calls > maxToolCalls) return (wrote(), end('max_tool_calls'))
      const observation = await Promise.race([observe(episode, said), late.promise])
      wrote(observation?.reward)
      if (observation === undefined) return end('rollout_timeout')
      past = { ...past, outcome: { ...past.outcome, ...noted(past.outcome, observation) } }
      if (observation.done) return end(observation.stop ?? 'completed')
      if (past.turnsLeft + ownTurns().length >= maxTurns) return end('max_turns')
      const { inserted } = observation
      const answered = observation.messages.map((each) => ({
        ...each,
        content: inserted === undefined ? shortened(each.content, stage) : each.content,
      }))
      const before = { messages: [...asked.messages, ...past.outcome.messages.slice(0, -1)], tools: asked.tools }
      hear(answered)
      past = { ...past, told: [...past.told, { said, answered: observation.messages }] }
      if (
        inserted === undefined &&
        past.thought &&
        forgetsThought({ form, tokenizer, asked: before, given: answered })
      ) {
        const heard = { messages: [...asked.messages, ...past.outcome.messages], tools: asked.tools }
        const ids = promptIds(form, heard, tokenizer)
        if (ids.length >= positions) return end('context_overflow')
        if (past.spent + past.ids.length >= sampling.maxNewTokens) return end('max_tokens')
        beginAnew(ids)
        return undefined
      }
      const called = said.calls.map(({ name }) => name)
      given =
        inserted === undefined
          ? continuationIds({ form, tokenizer, asked, called, given: answered }, completion.finish === 'eos')
          : tokenizer.encode(inserted)
      if (given.length >= room())
        return end(
          past.spent + past.ids.length + given.length + 1 > sampling.maxNewTokens ? 'max_tokens' : 'context_overflow',
        )
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

/** What an environment cannot answer ends the episode with a fault. */
async function observe(episode: Episode, said: Said): Promise<Observation> {
  try {
    return await episode.step(said)
  } catch (error) {
    if (error instanceof HoneError) throw error
    return { messages: [], done: true, stop: 'completed', fault: errorOf(error).message }
  }
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
