// Samples as a tree: what branches off, how often, what is shared with what it branched off from, and that it is the same every time.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { promptForm, promptIds } from '../../src/dialogue/prompt.ts'
import { openDevice } from '../../src/gpu/device/open.ts'
import type { Sampling } from '../../src/gpu/policy/law.ts'
import { openModel } from '../../src/gpu/policy/model.ts'
import { type Branching, chanceOf } from '../../src/rl/branch.ts'
import type { Environment, Observation } from '../../src/rl/environment.ts'
import { completeAll, stageOf } from '../../src/rl/play.ts'
import type { Prompt, Sampled } from '../../src/rl/record.ts'
import { trainedTokens, writtenTokens } from '../../src/rl/trained.ts'
import { writeTinyModel } from '../gpu/tiny-model.ts'
import { END, TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-branch-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tokenizer = await loadTokenizer(
  writeTinyTokenizer(folder, { 'chat_template.jinja': TINY_TEMPLATE, 'config.json': { eos_token_id: END } }),
)
const form = promptForm('native')
const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
const prompt: Prompt = {
  index: 0,
  row,
  json: {},
  ids: promptIds(form, { ...row, messages: [{ role: 'user', content: 'Go on.' }] }, tokenizer),
}
const model = openModel(await openDevice('cpu'), writeTinyModel(join(folder, 'model'), 'qwen3', 'ForCausalLM', 260))
/** A turn ends with its sixth token at the latest. */
const TURN = 6
const sampling: Sampling = { temperature: 1, maxNewTokens: 120, eosIds: [END], stop: (ids) => ids.length >= TURN }
const always: Branching = { initial: 2, beam: 2, alpha: 1, beta: 0, vocabulary: 260 }

interface Told {
  begun: number
  steps: number
}

/** Three turns, each told how many came before it; it forks where it can. */
function counting(forks: boolean, told: Told): Environment {
  const episode = (turn: number): Awaited<ReturnType<Environment['reset']>> => ({
    step(): Promise<Observation> {
      told.steps++
      const messages = [{ role: 'tool' as const, content: String(++turn) }]
      return Promise.resolve({ messages, done: turn === 3, reward: 1 })
    },
    ...(forks && { fork: () => episode(turn) }),
    close() {},
  })
  return {
    tools: () => [],
    reset: () => (told.begun++, Promise.resolve(episode(0))),
    close() {},
  }
}

async function tree(
  branching: Branching | undefined,
  { samples = 6, forks = true, environment }: { samples?: number; forks?: boolean; environment?: Environment } = {},
) {
  const told: Told = { begun: 0, steps: 0 }
  const stage = stageOf({
    environment: environment ?? counting(forks, told),
    tokenizer,
    form,
    format: 'hermes',
    positions: 1024,
    maxTurns: 8,
    maxToolCalls: null,
    toolResultTokens: 64,
    rolloutTimeout: null,
  })
  const work = { read: 0, written: 0 }
  const [rollout] = await completeAll(
    model,
    [{ item: prompt, prompt: prompt.ids, samples, key: [7], branching }],
    sampling,
    { stage, drafts: 'off', onWork: ({ read, written }) => Object.assign(work, { read, written }) },
  )
  return { completions: rollout!.completions, told, work }
}

const own = ({ ids, turns }: Sampled) => ({ ids, rewards: turns.map(({ reward }) => reward) })

test('the chance to branch is alpha where a turn is as sure as the first, and grows with the entropy', () => {
  const half = { alpha: 0.5, beta: 0.2, vocabulary: 100 }
  expect(chanceOf(half, 3, 3)).toBe(0.5)
  // 0.5 + 0.2·(5 − 3)/ln 100
  expect(chanceOf(half, 3, 5)).toBeCloseTo(0.586858896, 8)
  expect(chanceOf(half, 5, 3)).toBeCloseTo(0.413141104, 8)
  expect(chanceOf({ ...half, beta: 100 }, 0, 5)).toBe(1)
  expect(chanceOf({ ...half, beta: 100 }, 5, 0)).toBe(0)
})

test('branches begin with all that stood before a turn after a result, and go on by themselves', async () => {
  const { completions, told, work } = await tree(always)
  expect(completions.length).toBe(6)
  expect(completions.slice(0, 2).map(({ branch }) => branch)).toEqual([undefined, undefined])
  for (const { branch, ids, turns, logprobs } of completions.slice(2)) {
    const from = completions[branch!.from]!
    expect(ids.slice(0, branch!.at)).toEqual(from.ids.slice(0, branch!.at))
    expect([...logprobs.slice(0, branch!.at)]).toEqual([...from.logprobs.slice(0, branch!.at)])
    expect(ids.slice(branch!.at)).not.toEqual(from.ids.slice(branch!.at))
    // The last thing that they share is what a tool said.
    expect(turns.find(({ to }) => to === branch!.at)?.role).toBe('tool')
    expect(turns.filter(({ reward }) => reward === 1).length).toBe(3)
  }
  // Nobody was asked twice, and no shared token was written or read twice but the last one before a turn.
  const written = completions.reduce((sum, each) => sum + writtenTokens(each), 0)
  expect(work.written).toBe(written)
  expect(written).toBeLessThan(completions.reduce((sum, each) => sum + trainedTokens(each), 0))
  expect(told).toEqual({
    begun: 2,
    steps: completions.reduce(
      (sum, { turns, branch }) =>
        sum + turns.filter(({ role, from }) => role === 'assistant' && from >= (branch?.at ?? 0)).length,
      0,
    ),
  })
  const given = completions.reduce((sum, { ids, branch }) => sum + ids.length - (branch?.at ?? 0), prompt.ids.length)
  // What is held of a beginning is looked up in blocks of 32 tokens.
  const flattened = completions.reduce((sum, { ids }) => sum + prompt.ids.length + ids.length, 0)
  expect(given + completions.length * 32).toBeLessThan(flattened)
  expect(work.read).toBeLessThan(given + completions.length * 32)
})

test('a tree is the same every time, and whether the environment forks or is told everything again', async () => {
  const [first, second, told] = [await tree(always), await tree(always), await tree(always, { forks: false })]
  expect(second.completions.map(own)).toEqual(first.completions.map(own))
  expect(told.completions.map(own)).toEqual(first.completions.map(own))
  expect(told.told.begun).toBe(6)
})

test('what begins at the prompt is drawn as without branches, and nothing branches where the chance is nothing', async () => {
  const alone = await tree(undefined)
  const never = await tree({ ...always, alpha: 0 })
  expect(never.completions.map(own)).toEqual(alone.completions.map(own))
  expect(never.completions.every(({ branch }) => branch === undefined)).toBe(true)
  const { completions } = await tree(always)
  expect(completions.slice(0, 2).map(own)).toEqual(alone.completions.slice(0, 2).map(own))
})

test('no more branch off than a group has room for', async () => {
  const { completions } = await tree({ ...always, beam: 5 }, { samples: 3 })
  expect(completions.length).toBe(3)
  expect(completions.filter(({ branch }) => branch).length).toBe(1)
})

test('nothing branches off where the environment says something else when it is told the same', async () => {
  let said = 0
  const environment: Environment = {
    tools: () => [],
    reset: () => {
      let turn = 0
      return Promise.resolve({
        step: () =>
          Promise.resolve({ messages: [{ role: 'tool' as const, content: String(said++) }], done: ++turn === 3 }),
        close() {},
      })
    },
    close() {},
  }
  const { completions } = await tree(always, { environment })
  expect(completions.length).toBe(6)
  expect(completions.every(({ branch }) => branch === undefined)).toBe(true)
})
