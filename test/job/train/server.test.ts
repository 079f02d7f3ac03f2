// Rollouts from a server: hone's own, against a run without one; and stand-ins that speak as vLLM and SGLang do, well and badly.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { trainKind } from '../../../src/job/train/kinds/train.ts'
import { openSampler } from '../../../src/job/train/server.ts'
import { checkSampler } from '../../../src/rl/sampler.ts'
import { TrainRecipe } from '../../../src/rl/recipe.ts'
import { readEvents } from '../../../src/rundir/run.ts'
import { openSafetensors } from '../../../src/gpu/weights/safetensors.ts'
import { taskRows, toLines, writeTinyModel } from '../../cmd/tiny-model.ts'
import { runHere } from '../../here.ts'
import { toyPolicy } from '../../rl/toy.ts'
import { openTest } from '../serve/models.ts'

setDefaultTimeout(300_000)
const place = mkdtempSync(join(tmpdir(), 'hone-rollout-server-'))
const at = (...parts: string[]) => join(place, ...parts)
afterAll(() => rmSync(place, { recursive: true }))

describe("hone's own server", () => {
  const settings = {
    model: 'model',
    data: 'rows.jsonl',
    prompt: 'native',
    device: 'cpu',
    threads: 1,
    loraRank: 2,
    steps: 3,
    promptsPerStep: 2,
    groupSize: 2,
    miniBatches: 1,
    maxPromptLength: null,
    maxCompletionLength: 6,
    temperature: 0.8,
    learningRate: 0.1,
    entropyCoefficient: 0.1,
    maxFaultShare: 1,
  }
  const hone = (...words: string[]) => runHere(words, { cwd: place })
  const figures = (run: string) =>
    readEvents(at(run, 'events.ndjson')).flatMap((event) => (event.type === 'step' ? [event.figures] : []))
  const weights = (run: string) => {
    const file = openSafetensors(at(run, 'final', 'adapter_model.safetensors'))
    return [...file.entries.keys()].flatMap((name) => [...file.floats(name)])
  }
  beforeAll(() => {
    writeTinyModel(at('model'))
    writeFileSync(at('rows.jsonl'), toLines(taskRows(4)))
    writeFileSync(at('train.json'), JSON.stringify(settings))
  })

  test('writes by the weights of every step, and what is learnt from it is what is learnt from the same rollouts here', async () => {
    const server = await openTest(at('model'))
    const flags = ['--rollout-server', server.url, '--rollout-adapters', 'adapters']
    const { code, stderr } = await hone('train', 'train.json', '--output', 'served', ...flags)
    const models: { data: object[] } = await (await fetch(`${server.url}/v1/models`)).json()
    await server.stop()
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('of training differ by') })
    // Stale weights, or those of the model without its adapter, would be far off at this learning rate.
    expect(figures('served').length).toBe(3)
    for (const each of figures('served')) expect(each['sampling/sampling_logp_difference/max']!).toBeLessThan(1e-4)
    const rows = readFileSync(at('served', 'rollouts', 'step-000000003.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(rows.map((row) => JSON.parse(row).policy_version)).toEqual([2, 2, 2, 2])
    expect(models.data.length).toBe(1)
    expect(readdirSync(at('adapters'))).toEqual([])
    const again = ['--replay', 'served/rollouts', '--importance-correction', 'sequence-mask']
    expect(await hone('train', 'train.json', '--output', 'replayed', ...again)).toMatchObject({ code: 0 })
    expect(weights('replayed')).toEqual(weights('served'))
  })
})

/** A server that answers as `routes` say, by path, and keeps what it was asked. */
function standIn(routes: Record<string, (body: Record<string, any>) => Response>) {
  const asked: { path: string; body: Record<string, any> }[] = []
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname
      const body = (await request.json()) as Record<string, any>
      asked.push({ path, body })
      return routes[path]?.(body) ?? Response.json({ detail: 'Not Found' }, { status: 404 })
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, asked, stop: () => server.stop(true) }
}
const loaded = () => new Response('Success: LoRA adapter added successfully')
const vllm = (reply: object, more: object = {}) => ({
  '/v1/load_lora_adapter': loaded,
  '/v1/unload_lora_adapter': loaded,
  '/v1/completions': () => Response.json({ object: 'text_completion', choices: [{ index: 0, text: '', ...reply }] }),
  ...more,
})
const good = {
  token_ids: [7, 8, 2],
  logprobs: { token_logprobs: [-0.5, -1, -0.25], tokens: [] },
  finish_reason: 'stop',
}

const recipeOf = (settings: object) =>
  v.parse(TrainRecipe, { model: 'm', data: 'd', output: at('run'), loraRank: 4, ...settings })
const policy = { save: async (folder: string) => writeFileSync(folder, '') }
const sampling = { temperature: 0.7, topP: 0.9, maxNewTokens: 8, eosIds: [2] }
const [prompt, key] = [
  [5, 6],
  [1, 2, 3],
]
const opened = (url: string, settings: object = {}) =>
  openSampler(recipeOf({ rolloutServer: url, rolloutAdapters: at('adapters'), ...settings }), 10, {
    wait: async () => {},
  })!
async function written(url: string, settings: object = {}, more: object = {}) {
  const sampler = opened(url, settings)
  await sampler.follow(policy, 0)
  const session = sampler.open()
  try {
    return await session.submit({ ids: prompt, key, sampling: { ...sampling, ...more } }).completion
  } finally {
    session.close()
  }
}

test('vLLM is asked in its words, gets the adapter of each step under a new name, and forgets the last one', async () => {
  const server = standIn(vllm(good))
  const sampler = opened(`${server.url}/v1`)
  await sampler.follow(policy, 0)
  const slot = sampler.open().submit({ ids: prompt, key, sampling })
  expect(await slot.completion).toEqual({ ids: [7, 8, 2], logprobs: Float32Array.of(-0.5, -1, -0.25), finish: 'eos' })
  await slot.extend([9])
  await sampler.follow(policy, 0)
  await sampler.follow(policy, 3)
  await sampler.close()
  server.stop()
  const [first, , , second] = server.asked.map(({ body }) => body)
  expect(server.asked.map(({ path }) => path.split('/').at(-1))).toEqual([
    'load_lora_adapter',
    'completions',
    'completions',
    'load_lora_adapter',
    'unload_lora_adapter',
    'unload_lora_adapter',
  ])
  expect(first!['lora_name']).toMatch(/^hone-\w+-0$/)
  expect(second!['lora_name']).toBe(first!['lora_name'].replace(/0$/, '3'))
  expect(first!['lora_path']).toBe(at('adapters', first!['lora_name']))
  expect(existsSync(first!['lora_path'])).toBe(false)
  const { seed, ...asked } = server.asked[1]!.body
  expect(asked).toEqual({
    model: first!['lora_name'],
    prompt,
    max_tokens: 8,
    temperature: 0.7,
    top_p: 0.9,
    top_k: -1,
    min_p: 0,
    repetition_penalty: 1,
    stop_token_ids: [2],
    logprobs: 0,
    return_token_ids: true,
  })
  const more = server.asked[2]!.body
  expect(more['prompt']).toEqual([5, 6, 7, 8, 2, 9])
  expect(more['seed']).not.toBe(seed)
})

test('SGLang is asked in its words', async () => {
  const tokens = [
    [-0.5, 7, null],
    [-1, 8, ' a'],
  ]
  const meta_info = { finish_reason: { type: 'length', length: 2 }, output_token_logprobs: tokens }
  const server = standIn({
    '/load_lora_adapter': () => Response.json({ success: true }),
    '/generate': () => Response.json({ text: ' a', output_ids: [7, 8], meta_info }),
  })
  expect(await written(server.url, { rolloutProtocol: 'sglang' })).toEqual({
    ids: [7, 8],
    logprobs: Float32Array.of(-0.5, -1),
    finish: 'length',
  })
  server.stop()
  const [load, generate] = server.asked.map(({ body }) => body)
  expect(generate).toEqual({
    input_ids: prompt,
    sampling_params: {
      max_new_tokens: 8,
      temperature: 0.7,
      top_p: 0.9,
      top_k: -1,
      min_p: 0,
      repetition_penalty: 1,
      stop_token_ids: [2],
    },
    return_logprob: true,
    lora_path: load!['lora_name'],
  })
})

test('what ends a completion here ends it whatever the server wrote on, and every token is told', async () => {
  const server = standIn(vllm(good))
  const stop = (ids: readonly number[]) => ids.at(-1) === 8
  expect(await written(server.url, {}, { stop })).toMatchObject({ ids: [7, 8], finish: 'stop' })
  const sampler = opened(server.url)
  await sampler.follow(policy, 0)
  const told: [number, number][] = []
  const onToken = (id: number, logprob: number) => void told.push([id, logprob])
  await sampler.open().submit({ ids: prompt, key, sampling, onToken }).completion
  expect(told).toEqual([
    [7, -0.5],
    [8, -1],
    [2, -0.25],
  ])
  server.stop()
})

const refuse = (status: number, message: string) => () => Response.json({ error: { message } }, { status })
test.each([
  [{}, { '/v1/load_lora_adapter': refuse(404, 'Not Found') }, 'does not take the adapter', '--enable-lora'],
  [{ token_ids: undefined }, {}, 'gives no token ids with log-probs', 'vLLM 0.10.2'],
  [{ logprobs: { token_logprobs: [-1] } }, {}, 'serves another model: it gave 1 log-probs for 3 tokens', 'tokenizer'],
  [{ token_ids: [7, 10, 2] }, {}, 'serves another model: it wrote the id 10', 'tokenizer'],
  [{ prompt_token_ids: [5, 9] }, {}, 'serves another model: it continued other ids', 'tokenizer'],
  [{}, { '/v1/completions': refuse(400, 'the context is 4 tokens') }, 'the context is 4 tokens', '--resume'],
  [{}, { '/v1/completions': refuse(503, 'away') }, 'does not answer', '--resume'],
])('a server that answers %j is told of in words', async (reply, routes, message, hint) => {
  const server = standIn(vllm({ ...good, ...reply }, routes))
  await expect(written(server.url)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
  server.stop()
})

test('an adapter that a run before has left under the name makes room', async () => {
  let taken = true
  const server = standIn(
    vllm(good, {
      '/v1/load_lora_adapter': () => (taken ? refuse(400, 'has already been loaded')() : loaded()),
      '/v1/unload_lora_adapter': () => ((taken = false), loaded()),
    }),
  )
  expect(await written(server.url)).toMatchObject({ finish: 'eos' })
  server.stop()
})

test('nobody is asked where nothing listens', async () => {
  const server = standIn({})
  server.stop()
  await expect(written(server.url)).rejects.toThrow('nothing listens there')
})

test('a server whose log-probs are of another law is told of, and one of another model ends the run', async () => {
  const toy = toyPolicy(6)
  const options = { law: { temperature: 1 }, seed: 1, ending: { eosIds: [0] }, maxPositions: 1000 }
  const shifted = (by: number) => ({
    ...opened('http://127.0.0.1:9'),
    open: () => {
      const session = toy.open()
      return {
        ...session,
        submit: (request: Parameters<typeof session.submit>[0]) => {
          const slot = session.submit(request)
          const moved = slot.completion.then((each) => ({
            ...each,
            logprobs: each.logprobs.map((value) => value - by),
          }))
          return { ...slot, completion: moved }
        },
      }
    },
  })
  const check = (by: number) => checkSampler(shifted(by), toy, [[1], [2]], options)
  expect(await check(0.01)).toMatchObject({ loud: false })
  expect(await check(0.3)).toMatchObject({ loud: true, text: expect.stringContaining('processed_logprobs') })
  await expect(check(3)).rejects.toMatchObject({ exit: 1, hint: expect.stringContaining('same tokenizer') })
  await expect(check(NaN)).rejects.toMatchObject({ exit: 1 })
})

test('what a server cannot do is refused before anything is asked, and its rollouts are corrected unless a run says otherwise', () => {
  for (const [settings, message] of [
    [{ loraRank: 0 }, 'it takes an adapter'],
    [{ constrain: 'calls' }, 'holds rollouts to tools'],
    [{ branchInitial: 2 }, 'no other token'],
  ] as const)
    expect(() => openSampler(recipeOf({ rolloutServer: 'http://127.0.0.1:9', ...settings }), 10)).toThrow(message)
  expect(openSampler(recipeOf({}), 10)).toBeUndefined()
  const planned = (settings: object) => trainKind.plan(recipeOf(settings), { count: 8, maxTokens: 10 })
  expect(planned({ rolloutServer: 'http://127.0.0.1:9', miniBatches: 1 })).toMatchObject({ elsewhere: true, traced: 0 })
  expect(planned({ miniBatches: 1 }).traced).toBeGreaterThan(0)
  const fitted = (settings: object, origins: Record<string, string>) =>
    trainKind.fit!({ value: recipeOf(settings), origins }, 20_000).value.importanceCorrection
  const origins = { importanceCorrection: 'default' }
  expect(fitted({}, origins)).toBe('none')
  expect(fitted({ rolloutServer: 'http://127.0.0.1:9' }, origins)).toBe('sequence-mask')
  expect(fitted({ rolloutServer: 'http://127.0.0.1:9' }, { importanceCorrection: 'train.yaml:3' })).toBe('none')
})
