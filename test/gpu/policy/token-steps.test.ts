// The step of a token as one graph writes what the decoder of sessions writes.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { portions } from '../../../src/gpu/device/portions.ts'
import type { Float } from '../../../src/gpu/graph/float.ts'
import { tokenGraph } from '../../../src/gpu/net/token.ts'
import type { Engine } from '../../../src/gpu/policy/engine.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { freeLanes, openLanes } from '../../../src/gpu/policy/lanes.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import { tokenPass } from '../../../src/gpu/policy/token-pass.ts'
import { tokenSteps } from '../../../src/gpu/policy/token-steps.ts'
import { openEngine } from '../../../src/gpu/policy/trainable.ts'
import { loadConfig } from '../../../src/gpu/weights/hf.ts'
import { openOracle } from '../../../src/job/verify/oracle.ts'
import { stream, uniform } from '../../../src/rng.ts'
import { sharedPath } from '../../shared.ts'
import { cudaFaults } from '../graph/kernels.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-token-'))
afterAll(() => rmSync(root, { recursive: true }))
const device = await openDevice('cpu')
const families = Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[]
const TOKENS = 12

const somePrompts = [1, 7, 3, 12].map((length, seed) => {
  const next = stream(seed)
  return Array.from({ length }, () => Math.floor(next() * 300))
})

/** What the graph writes after each prompt, whose caches come from the decoder of sessions; C tokens between two looks. */
function written(
  engine: Engine,
  temperature: number,
  order: readonly number[],
  C: number,
  prompts = somePrompts,
  tokens = TOKENS,
) {
  const steps = tokenSteps(engine, { rows: order.length + 1, places: 160, tokens: C })
  order.forEach((prompt, row) => {
    const ids = prompts[prompt]!
    const lanes = openLanes(engine, 1, 64)
    if (ids.length > 1) tokenPass(engine, [{ lanes, tokens: [ids.slice(0, -1)], silent: true }])
    steps.fill(row, 0, { lanes, lane: 0 }, ids.length - 1)
    freeLanes(engine, lanes)
  })
  const all = order.map((prompt) => ({ prompt, ids: [] as number[], logprobs: [] as number[] }))
  while (all[0]!.ids.length < tokens) {
    const before = all[0]!.ids.length
    const starts = all.map(({ prompt, ids }) => ({
      id: ids.at(-1) ?? prompts[prompt]!.at(-1)!,
      held: prompts[prompt]!.length - 1 + ids.length,
      law: { temperature },
      draw: (i: number) => uniform(prompt, 0, before + i),
    }))
    const some = steps.write(starts, Math.min(C, tokens - before))
    all.forEach((row, r) => {
      row.ids.push(...some.ids[r]!)
      row.logprobs.push(...some.logprobs[r]!)
    })
  }
  steps.free()
  return all
}

test.each(families.flatMap((family) => [0, 0.8].map((temperature) => [family, temperature] as const)))(
  'a graph of the whole step writes the ids of a session, within 1e-4 of their log-probs: %s at %d',
  async (family, temperature) => {
    // More than one stretch of the vocabulary, the last of which is short.
    const folder = writeTinyModel(join(root, `${family}-${temperature}`), family, 'ForCausalLM', 300)
    const model = openModel(device, folder)
    const requests = somePrompts.map((prompt, i) => ({ prompt, samples: 1, key: [i] }))
    const want = await generateAll(model, requests, { temperature, maxNewTokens: TOKENS, eosIds: [] })
    const { engine } = openEngine(device, folder, 'language', {})
    for (const [order, C] of [
      [[0, 1, 2, 3], 5],
      [[3, 1], TOKENS],
    ] as const)
      for (const { prompt, ids, logprobs } of written(engine, temperature, order, C)) {
        const [completion] = want[prompt]!
        expect(ids).toEqual(completion!.ids)
        logprobs.forEach((value, t) => expect(Math.abs(value - completion!.logprobs[t]!)).toBeLessThan(1e-4))
      }
  },
)

test('a graph of the whole step has its kernels in half precision, in float32 all but attention', () => {
  for (const family of families) {
    const config = loadConfig(writeTinyModel(join(root, 'kernels'), family), 'language')
    const faults = (dtype: Float) => {
      const precision = { weights: dtype, compute: dtype, reduce: 'f32' } as const
      const net = { config, precision, portions: portions.cuda }
      return [false, true].flatMap((cutting) =>
        cudaFaults(tokenGraph(net, { rows: 4, places: 32, tokens: 8 }, cutting)),
      )
    }
    for (const dtype of ['f16', 'bf16'] as const) expect(faults(dtype)).toEqual([])
    expect(new Set(faults('f32').map((fault) => fault.split(': ')[1]))).toEqual(
      new Set(['GroupQueryAttention has no kernel for f32']),
    )
  }
})

test('tokens that would not fit a cache are refused before anything is written', () => {
  const { engine } = openEngine(device, writeTinyModel(join(root, 'full'), 'qwen2'), 'language', {})
  const steps = tokenSteps(engine, { rows: 1, places: 8, tokens: 4 })
  const start = { id: 1, law: { temperature: 0 }, draw: () => 0 }
  expect(() => steps.write([{ ...start, held: 5 }], 4)).toThrow('do not fit')
  expect(steps.write([{ ...start, held: 0 }], 4).ids[0]).toHaveLength(4)
  steps.free()
})

const oracle = sharedPath('oracle')
test.skipIf(!oracle).each(['qwen2', 'qwen3', 'llama3'])(
  "a graph of the whole step writes the reference's greedy ids, with log-probs that training gives them: %s",
  (family) => {
    const { rows, expect: want } = openOracle(join(oracle!, family))
    const { engine } = openEngine(device, join(oracle!, family), 'language', {})
    const model = openModel(device, join(oracle!, family))
    for (const [row, expected] of Object.entries(want.greedy)) {
      const { ids, promptLength } = rows[Number(row)]!
      const [{ ids: found, logprobs } = { ids: [], logprobs: [] }] = written(
        engine,
        0,
        [0],
        4,
        [ids.slice(0, promptLength)],
        expected.length,
      )
      expect(found).toEqual(expected)
      const [[reference] = []] = model.forward([{ prompt: ids.slice(0, promptLength), completions: [found] }], {
        temperature: 1,
      }).logprobs
      logprobs.forEach((value, t) => expect(Math.abs(value - reference![t]!)).toBeLessThan(1e-4))
    }
  },
)
