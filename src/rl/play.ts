// Completions of prompts, turn by turn where an environment answers.
import type { Hold } from '../dialogue/hold.ts'
import { promptIds } from '../dialogue/prompt.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import { offeredIn, type Tool } from '../dialogue/row.ts'
import { generateAll, type GenerationOptions, type GenerationRequest } from '../gpu/policy/generate.ts'
import type { Sampling } from '../gpu/policy/law.ts'
import type { Policy } from '../gpu/policy/policy.ts'
import type { Session } from '../gpu/policy/session.ts'
import { type Branching, isPlaying, playTree, WATCHED } from './branch.ts'
import { toolsOf } from './held.ts'
import type { Episode } from './environment.ts'
import { type Episodes, errorOf, playing, type Playing } from './episode.ts'
import type { Outcome, Prompt, Rollout, Sampled } from './record.ts'
import type { JsonObject } from '../text/json.ts'
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

export type PlayRequest = GenerationRequest & {
  item: Prompt
  /** Where completions are episodes, they are a tree. */
  branching?: Branching | undefined
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
  { item, samples, key, earlier, branching }: PlayRequest,
  sampling: Sampling,
  stage: HeldEpisodes,
): Promise<Rollout> {
  const open = (): Promise<Episode | Error> =>
    stage.environment.reset(item.row, item.json, stage.newId()).catch(errorOf)
  const opened = await Promise.all(Array.from({ length: Math.min(samples, branching?.initial ?? samples) }, open))
  const first = opened.find(isOpen)
  const asked: Asked = {
    messages: first?.asked?.messages ?? item.row.messages,
    tools: first?.asked?.tools ?? offeredIn(stage.environment.tools(item.json), item.row.tools),
  }
  const ids = first?.asked ? promptIds(stage.form, asked, stage.tokenizer) : item.ids
  const prompt = { ...item, ids, messages: asked.messages, tools: asked.tools }
  const beginning = (episode: Episode, sample: number) => ({
    session,
    episode,
    asked,
    prompt: prompt.ids,
    key: [...key, sample],
    sampling,
    stage,
    ...(branching && { watched: WATCHED }),
  })
  const begin = (episode: Episode | Error, sample: number): Playing | Sampled => {
    if (!isOpen(episode)) return unplayed(episode)
    const refused = (said: Sampled): Sampled => (episode.close(), said)
    if (!Bun.deepEquals(episode.asked, first?.asked)) return refused(unplayed(new Error(DIFFERENT)))
    if (prompt.ids.length >= stage.positions) return refused({ ...unplayed(), stop: 'context_overflow' })
    return playing({ ...beginning(episode, sample), earlier: earlier?.[sample] })
  }
  const begun = opened.map(begin)
  if (!branching) return { prompt, completions: await Promise.all(begun.map(toEnd)) }
  const completions = await playTree(begun, {
    samples,
    key,
    branching,
    begin: async (sample) => begin(await open(), sample),
    async fork(from, sample) {
      const episode = from.episode.fork?.() ?? (await repeated(await open(), from))
      // What was before the history that it goes on with is the sample's that it branched off from.
      return episode && playing(beginning(episode, sample), { ...from.past(), left: [] })
    },
  })
  return { prompt, completions }
}

/** An episode that went as another one did: it is told the same and has to answer the same. */
async function repeated(episode: Episode | Error, { episode: first, past }: Playing): Promise<Episode | undefined> {
  if (!isOpen(episode)) return undefined
  let same = Bun.deepEquals(episode.asked, first.asked)
  for (const { said, answered } of past().told) {
    if (!same) break
    const observation = await episode.step(said).catch(errorOf)
    same = !(observation instanceof Error) && !observation.done && Bun.deepEquals(observation.messages, answered)
  }
  if (same) return episode
  episode.close()
  return undefined
}

/** An episode by itself. */
async function toEnd(begun: Playing | Sampled): Promise<Sampled> {
  if (!isPlaying(begun)) return begun
  try {
    for (;;) {
      await begun.write()
      const ended = await begun.answer()
      if (ended) return ended
    }
  } finally {
    begun.close()
  }
}

const isOpen = (opened: Episode | Error): opened is Episode => !(opened instanceof Error)

const DIFFERENT = 'the environment asked the samples of one row differently'

/** An episode that could not begin. */
function unplayed(error?: Error): Sampled {
  const outcome: Outcome = { reward: undefined, metrics: {}, fault: error?.message ?? null }
  return { ids: [], logprobs: new Float32Array(), trained: [], turns: [], stop: 'completed', outcome }
}
