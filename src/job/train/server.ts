// Rollouts from a server: slots that it writes, and the adapter handed to it under a new name after every step.
//
// A new name each time: a server that caches prompts by the name of an adapter never meets keys and values of older weights.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { type Endpoint, send } from '../../dialogue/endpoint/post.ts'
import { protocols, type TokenProtocol, type TokenReply } from '../../dialogue/endpoint/token-protocol.ts'
import { queue } from '../../env/queue.ts'
import { HoneError } from '../../error.ts'
import type { Completion, Session, Work } from '../../gpu/policy/session.ts'
import { slotOf, type Turn } from '../../gpu/policy/slot.ts'
import { complain, log } from '../../out.ts'
import type { TrainRecipe } from '../../rl/recipe.ts'
import type { Sampler } from '../../rl/sampler.ts'
import { keyOf } from '../../rng.ts'
import { type Json, parseJson, plainJson } from '../../text/json.ts'

/** Milliseconds that a server may take for a completion, those waited for others included. */
const TIMEOUT = 3_600_000

type Server = Omit<Endpoint, 'model'>

/** The sampler that the recipe names; undefined where it names none. @throws HoneError where it cannot be given what is trained. */
export function openSampler(
  recipe: TrainRecipe,
  vocabulary: number,
  retrying: Pick<Endpoint, 'wait'> = {},
): Sampler | undefined {
  const { rolloutServer, loraRank } = recipe
  if (rolloutServer === null) return undefined
  if (loraRank === 0)
    throw refusal('all weights are trained, and it takes an adapter', 'give --lora-rank, such as 16, or sample here')
  if (recipe.constrain !== 'none') throw refusal('hone alone holds rollouts to tools', 'leave out --constrain')
  if (recipe.branchInitial !== null)
    throw refusal('it tells of no other token than those that it draws', 'leave out --branch-initial')
  const protocol: TokenProtocol = protocols[recipe.rolloutProtocol]
  const told = new Set<string>()
  const server: Server = {
    url: rolloutServer.replace(/\/+$/, '').replace(/\/v1$/, ''),
    key: process.env['OPENAI_API_KEY'],
    timeout: TIMEOUT,
    ...retrying,
    onRetry(reason, milliseconds) {
      if (told.has(reason)) return
      told.add(reason)
      log(`${rolloutServer}: ${reason}; asked again in ${milliseconds / 1000} s`)
    },
  }
  const folder = recipe.rolloutAdapters
  let made: string | undefined
  /** Made when it is first needed: a plan needs none. */
  const adapters = () => {
    if (folder === null) return (made ??= mkdtempSync(join(tmpdir(), 'hone-adapters-')))
    mkdirSync(folder, { recursive: true })
    return resolve(folder)
  }
  const family = `hone-${keyOf(`${hostname()}:${resolve(recipe.output)}`).toString(36)}`
  const inTurn = queue(recipe.rolloutRequests)
  const startedWith = `start it with: ${protocol.startedWith(loraRank)}`
  let served: { name: string; path: string; version: number } | undefined

  const ask = ({ path, body }: TokenProtocol['load' | 'unload'], name: string, folder: string) =>
    send(server, path, body(name, folder), (text) => text)
  const forget = async ({ name, path }: { name: string; path: string }) => {
    await ask(protocol.unload, name, path).catch((error: unknown) => {
      if (!(error instanceof HoneError)) throw error
      complain(`warning: the rollout server keeps the adapter ${name}: ${error.message}`)
    })
    rmSync(path, { recursive: true, force: true })
  }
  const write = async (turn: Turn): Promise<Completion> => {
    if (!served) throw new Error('the server has no weights yet')
    const at = `${server.url}/${protocol.path}`
    const body = protocol.body(requestOf(turn, served.name))
    const reply = await send(server, protocol.path, body, parseJson).catch((cause: unknown) => {
      if (!(cause instanceof HoneError)) throw cause
      throw new HoneError(`The rollout server does not answer: ${cause.message}`, { at, hint: GONE, cause })
    })
    return completionOf(turn, read(protocol, reply, at, startedWith), vocabulary)
  }
  return {
    name: `the server ${rolloutServer}`,
    open: () => sessionOver((turn) => inTurn(() => write(turn))),
    async follow(policy, version) {
      if (served?.version === version) return
      const name = `${family}-${version}`
      const next = { name, path: join(adapters(), name), version }
      await policy.save(next.path, 'adapter')
      try {
        await ask(protocol.load, name, next.path).catch(async (first: unknown) => {
          // It may be one that a run before has left there.
          await ask(protocol.unload, name, next.path).catch(() => {
            throw first
          })
          await ask(protocol.load, name, next.path)
        })
      } catch (cause) {
        if (!(cause instanceof HoneError)) throw cause
        throw new HoneError(`The rollout server does not take the adapter ${next.path}: ${cause.message}`, {
          at: cause.at,
          hint: startedWith,
          cause,
        })
      }
      const last = served
      served = next
      if (last) await forget(last)
    },
    async close() {
      if (served) await forget(served)
      served = undefined
      if (made !== undefined) rmSync(made, { recursive: true, force: true })
    },
  }
}

const GONE =
  'when it is up again, with room for the prompt and --max-completion-length, the run goes on from its last checkpoint by --resume'

const refusal = (why: string, hint: string): HoneError => new HoneError(`Cannot sample on a server: ${why}`, { hint })

/** @throws HoneError for a reply without ids or log-probs. */
function read(protocol: TokenProtocol, reply: Json, at: string, hint: string): TokenReply {
  const result = v.safeParse(protocol.reply, plainJson(reply))
  if (!result.success) {
    const issue = result.issues[0]
    throw new HoneError(
      `The rollout server gives no token ids with log-probs: ${v.getDotPath(issue) ?? 'the reply'}: ${issue.message}`,
      {
        at,
        hint: `is it of the kind that --rollout-protocol names, and new enough to give ids (vLLM 0.10.2)? ${hint}`,
      },
    )
  }
  return result.output
}

function requestOf({ ids, sampling, key }: Turn, name: string) {
  const { topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, temperature, maxNewTokens, eosIds } = sampling
  const law = { temperature, topK, topP, minP, repetitionPenalty }
  // Another one for a slot that goes on: a positive number of 31 bits, which every server takes.
  const seed = keyOf([...key, ids.length].join()) % 2 ** 31
  return { name, prompt: ids, ...law, maxNewTokens, eosIds, seed }
}

/** What a turn makes of what the server wrote: token by token, as if it were written here. @throws HoneError for what is none of this model. */
function completionOf(turn: Turn, { ids: given, logprobs, prompt }: TokenReply, vocabulary: number): Completion {
  const foreign = (what: string) =>
    new HoneError(`The rollout server serves another model: ${what}`, {
      hint: 'it must serve the folder that is trained here, with the same tokenizer',
    })
  if (prompt && (prompt.length !== turn.ids.length || prompt.some((id, i) => id !== turn.ids[i])))
    throw foreign('it continued other ids than those that it was sent')
  if (logprobs.length !== given.length) throw foreign(`it gave ${logprobs.length} log-probs for ${given.length} tokens`)
  const { sampling, onToken } = turn
  const ids: number[] = []
  let finish: Completion['finish'] = 'length'
  for (const [t, id] of given.entries()) {
    if (id >= vocabulary) throw foreign(`it wrote the id ${id}, and the model here has ${vocabulary}`)
    ids.push(id)
    onToken?.(id, logprobs[t]!, () => [])
    if (sampling.eosIds.includes(id)) finish = 'eos'
    else if (sampling.stop?.(ids)) finish = 'stop'
    else continue
    break
  }
  return { ids, logprobs: Float32Array.from(logprobs.slice(0, ids.length)), finish }
}

function sessionOver(write: (turn: Turn) => Promise<Completion>): Session {
  const work: Work = { passes: 0, read: 0, written: 0, whole: 0, guessed: 0, accepted: 0, wasted: 0 }
  const begun = new Set<Turn>()
  return {
    budget: Number.MAX_SAFE_INTEGER,
    work: () => work,
    submit: (request) =>
      slotOf(request, (turn) => {
        if (turn.sampling.maxNewTokens <= 0)
          return turn.end({ ids: [], logprobs: new Float32Array(), finish: 'length' })
        begun.add(turn)
        const written = (completion: Completion) => {
          work.written += completion.ids.length
          turn.end(completion)
        }
        void write(turn)
          .then(written, turn.fail)
          .finally(() => begun.delete(turn))
      }),
    close() {
      for (const turn of begun) turn.fail(new Error('the session was closed'))
    },
  }
}
