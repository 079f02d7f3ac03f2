// Training with an agent: a program that talks to the policy as to any OpenAI server. What it was given and answered is learnt from.
import { queue } from '../env/queue.ts'
import { lawOf, type TrainRecipe } from '../rl/recipe.ts'
import type { Outcome, Rollout, Sampled } from '../rl/record.ts'
import { type PlayRequest, type Stage } from '../rl/play.ts'
import { findFormat } from '../dialogue/call.ts'
import { constrainer } from '../dialogue/constrain.ts'
import type { Session } from '../gpu/policy/session.ts'
import { Refusal } from '../serve/refusal.ts'
import { openServer } from '../serve/server.ts'
import type { Served } from '../serve/served.ts'
import type { Space } from '../serve/space.ts'
import { recorder, type Recorder, type Sequence } from '../serve/trajectory.ts'
import { dumpJson, isObject, JsonError, parseJson, plainJson } from '../text/json.ts'
import type { Language } from './open.ts'

/** Programs at a time. */
const AT_ONCE = 32
/** Requests of all programs that wait at once. */
const REQUESTS = 4096
/** Characters of what a program prints that are kept: the reward stands at the end. */
const KEPT = 2 ** 20

type AgentRecipe = TrainRecipe & { agent: string }

/** The server is open as long as the stage is. */
export function agentStage(recipe: AgentRecipe, language: Language): Stage {
  const sessions = new Map<string, Space>()
  const nobody: Space['models'] = {
    all: () => [],
    find: () => {
      throw new Refusal(404, 'The model answers at the address of a session alone')
    },
    put() {},
    remove() {},
    hold: () => () => {},
  }
  const longest = recipe.maxCompletionLength
  const server = openServer(nobody, {
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    sessions,
    maxRequests: REQUESTS,
    timeout: recipe.rolloutTimeout ?? 24 * 3600,
    maxBody: 32 * 2 ** 20,
  })
  const inTurn = queue(AT_ONCE)
  // Held-out rows share their key: sessions have names of their own.
  let begun = 0
  return {
    tools: () => [],
    close: () => void server.stop(),
    async play(session, { item, samples, key }, sampling) {
      const row = dumpJson(item.json, { ensureAscii: false })
      const trajectories = await Promise.all(
        Array.from({ length: samples }, (_, i) =>
          inTurn(async () => {
            const id = String(begun++)
            const law = { ...lawOf(recipe), temperature: sampling.temperature }
            const kept = recorder(served(session, language), { law, key: [...key, i], longest })
            sessions.set(id, kept)
            try {
              const ended = await run(recipe, `${server.url}/sessions/${id}/v1`, row)
              return completionsOf(kept, ended)
            } finally {
              sessions.delete(id)
            }
          }),
        ),
      )
      return grouped(item, trajectories.flat())
    },
  }
}

const served = (session: Session, { tokenizer, form, format, config, positions }: Language): Served => ({
  name: 'policy',
  aliases: [],
  tokenizer,
  form,
  format: findFormat(format),
  vocabulary: config.vocabulary,
  context: positions,
  usualTokens: positions,
  session,
  constrain: 'none',
  constrainer: () => constrainer(tokenizer, config.vocabulary),
  close() {},
})

interface Ended {
  reward: number | undefined
  fault: string | null
  late: boolean
}

/** In a group of its own: a shell and what it started end together. Its stderr is shown. */
async function run({ agent, rolloutTimeout }: AgentRecipe, url: string, row: string): Promise<Ended> {
  const child = Bun.spawn(['sh', '-c', agent], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    detached: true,
    env: { ...process.env, OPENAI_BASE_URL: url, OPENAI_API_KEY: 'hone', HONE_ROW: row },
  })
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }
  process.on('exit', end)
  let late = false
  const timer = rolloutTimeout === null ? undefined : setTimeout(() => ((late = true), end()), rolloutTimeout * 1000)
  try {
    let printed = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) printed = (printed + decoder.decode(chunk, { stream: true })).slice(-KEPT)
    const code = await child.exited
    const fault = late
      ? `the agent took more than ${rolloutTimeout} s`
      : code === 0
        ? null
        : `the agent ended with code ${code}`
    return { reward: rewardIn(printed), fault, late }
  } finally {
    clearTimeout(timer)
    process.off('exit', end)
    end()
  }
}

/** Of the last line {"reward": x}. */
function rewardIn(printed: string): number | undefined {
  for (const line of printed.split('\n').toReversed()) {
    if (!line.includes('"reward"')) continue
    try {
      const said = parseJson(line)
      const { reward } = Object(plainJson(isObject(said) ? said : {}))
      if (typeof reward === 'number' && Number.isFinite(reward)) return reward
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
    }
  }
  return undefined
}

/** A completion for every sequence; each has the reward of the whole. */
function completionsOf(kept: Recorder, { reward, fault, late }: Ended): Sampled[] {
  const nothing = kept.sequences.length === 0
  const outcome: Outcome = {
    reward,
    metrics: {
      requests: kept.sequences.reduce(
        (sum, { turns }) => sum + turns.filter(({ role }) => role === 'assistant').length,
        0,
      ),
    },
    fault: fault ?? (nothing ? 'the agent asked nothing' : null),
    ...(reward === undefined && { answer: kept.answer() }),
  }
  const empty: Sequence = { prompt: [], ids: [], logprobs: [], turns: [], finish: 'stop' }
  return (nothing ? [empty] : kept.sequences).map(({ prompt, ids, logprobs, turns, finish }) => ({
    ...(prompt.length > 0 && { promptIds: prompt }),
    ids,
    logprobs: Float32Array.from(logprobs),
    trained: turns.filter(({ role }) => role === 'assistant').map(({ from, to }) => ({ from, to })),
    turns,
    stop: late ? 'rollout_timeout' : finish === 'length' ? 'max_tokens' : 'completed',
    outcome,
  }))
}

/** The prompt of the first completion is the group's. */
function grouped(item: PlayRequest['item'], completions: readonly Sampled[]): Rollout {
  const ids = completions.find(({ promptIds }) => promptIds)?.promptIds ?? item.ids
  const same = (other: readonly number[]) => other.length === ids.length && other.every((id, t) => id === ids[t])
  return {
    prompt: { ...item, ids },
    completions: completions.map(({ promptIds, ...each }) =>
      promptIds && !same(promptIds) ? { ...each, promptIds } : each,
    ),
  }
}
