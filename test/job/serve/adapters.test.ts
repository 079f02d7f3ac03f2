// Adapters by name: each answers as `hone infer --adapter` does, and they come and go while the server answers.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { adaptableParameters, saveAdapter } from '../../../src/gpu/weights/adapter.ts'
import { loadConfig } from '../../../src/gpu/weights/hf.ts'
import { normal } from '../../../src/rng.ts'
import { runHere } from '../../here.ts'
import { MODELS, openTest, removeModels, talker, writeModels } from './models.ts'

const RANK = 2
const first = join(MODELS, 'first')
const second = join(MODELS, 'second')

/** Random pairs on every matrix. */
function writeAdapter(folder: string, seed: number): void {
  const config = loadConfig(talker)
  const draw = (size: number, part: number) => Float32Array.from({ length: size }, (_, i) => normal(seed, part, i))
  const pairs = adaptableParameters(config).map(({ name, shape: [out = 0, input = 0] }, i) => {
    return [name, { a: draw(RANK * input, 2 * i), b: draw(out * RANK, 2 * i + 1) }] as const
  })
  saveAdapter(folder, { rank: RANK, alpha: 1, scale: 1 / RANK, pairs: new Map(pairs) }, { config, base: talker })
}

beforeAll(async () => {
  writeModels()
  writeAdapter(first, 1)
  writeAdapter(second, 2)
  inferred = [await infer(), await infer(first), await infer(second)]
})
afterAll(removeModels)

const prompt = 'open the ticket'
const infer = async (adapter?: string): Promise<number[]> => {
  const words = [
    'infer',
    talker,
    '--device',
    'cpu',
    '--max-new-tokens',
    '12',
    ...(adapter ? ['--adapter', adapter] : []),
  ]
  return JSON.parse((await runHere(words, { input: JSON.stringify({ prompt }) })).stdout).output_ids
}
/** What infer answers with the model, the first and the second adapter. */
let inferred: number[][]
const post = (url: string, path: string, body: object) =>
  fetch(`${url}/v1/${path}`, { method: 'POST', body: JSON.stringify(body) })
const served = async (url: string, model?: string): Promise<number[]> => {
  const body = { model, prompt, temperature: 0, max_tokens: 12, return_token_ids: true }
  return (await (await post(url, 'completions', body)).json()).choices[0].token_ids
}

test('each name answers with its own weights, side by side', async () => {
  const server = await openTest(talker, { adapters: [`first=${first}`, `second=${second}`] })
  const { data }: { data: { id: string }[] } = await (await fetch(`${server.url}/v1/models`)).json()
  expect(data.map(({ id }) => id)).toEqual(['talker', 'first', 'second'])
  expect(new Set(inferred.map(String)).size).toBe(3)
  expect(await Promise.all(['talker', 'first', 'second'].map((model) => served(server.url, model)))).toEqual(inferred)
  expect(await served(server.url)).toEqual(inferred[0]!)
  await server.stop()
}, 60_000)

test('an adapter is swapped for another under its name, while the first one still answers', async () => {
  const server = await openTest(talker, { adapters: [`policy=${first}`] })
  const { url } = server
  const under = post(url, 'completions', {
    model: 'policy',
    prompt,
    temperature: 0,
    max_tokens: 200,
    return_token_ids: true,
  })
  while (server.metrics.running === 0) await Bun.sleep(1)
  expect((await post(url, 'load_lora_adapter', { lora_name: 'policy', lora_path: second })).status).toBe(200)
  expect(await served(url, 'policy')).toEqual(inferred[2]!)
  const { choices }: { choices: { token_ids: number[] }[] } = await (await under).json()
  expect(choices[0]!.token_ids.slice(0, 12)).toEqual(inferred[1]!)
  expect((await post(url, 'unload_lora_adapter', { lora_name: 'policy' })).status).toBe(200)
  expect((await post(url, 'completions', { model: 'policy', prompt })).status).toBe(404)
  await server.stop()
}, 60_000)

test('what cannot be loaded, and the model itself, are refused, and the server goes on', async () => {
  const server = await openTest(talker, { adapters: [`policy=${first}`] })
  const statuses = []
  for (const [path, body] of [
    ['load_lora_adapter', { lora_name: 'policy', lora_path: join(MODELS, 'nowhere') }],
    ['load_lora_adapter', { lora_name: 'talker', lora_path: second }],
    ['load_lora_adapter', { lora_name: 'x' }],
    ['unload_lora_adapter', { lora_name: 'talker' }],
    ['unload_lora_adapter', { lora_name: 'nothing' }],
  ] as const)
    statuses.push((await post(server.url, path, body)).status)
  expect(statuses).toEqual([400, 400, 400, 400, 404])
  expect(await served(server.url, 'policy')).toEqual(inferred[1]!)
  await server.stop()
}, 60_000)

test('unless it is asked for, no adapter is taken while it serves', async () => {
  const server = await openTest(talker, { openAdapter: undefined })
  expect((await post(server.url, 'load_lora_adapter', { lora_name: 'x', lora_path: first })).status).toBe(404)
  await server.stop()
}, 60_000)
