// Sampling: what each filter keeps, and the log-prob of the distribution that was sampled.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeGoldenModel } from '../../../fixtures/golden/engine.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { cuts, kept, type Law } from '../../../src/gpu/policy/law.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import { ranking } from '../../../src/gpu/policy/ranking.ts'
import { likeliest, probabilities, sampleToken } from '../../../src/gpu/policy/sample.ts'
import { openSafetensors } from '../../../src/gpu/weights/safetensors.ts'
import { scratch } from '../../scratch.ts'
import { sharedPath } from '../../shared.ts'

const p = Float32Array.of(0.1, 0.4, 0.3, 0.2)
const base = { temperature: 1 }
const reachable = (sampling: object) => {
  const seen = new Map<number, number>()
  for (let draw = 0; draw < 1; draw += 0.001) {
    const { id, logprob } = sampleToken(p, { ...base, ...sampling }, draw)
    seen.set(id, Math.exp(logprob))
  }
  return Object.fromEntries([...seen].map(([id, probability]) => [id, Math.round(probability * 1e4) / 1e4]))
}

test('temperature 0 takes the most likely token, the first of equals', () => {
  expect(sampleToken(p, { temperature: 0 }, 0.99).id).toBe(1)
  expect(sampleToken(Float32Array.of(0.5, 0.5), { temperature: 0 }, 0.99).id).toBe(0)
})

test('no filter reaches every token with its own probability', () => {
  expect(reachable({})).toEqual({ 0: 0.1, 1: 0.4, 2: 0.3, 3: 0.2 })
})

test('the likeliest tokens have the log-probs that they are drawn with', () => {
  const told = (law: object, count: number) =>
    likeliest(p, { ...base, ...law }, count).map(({ id, logprob }) => [id, Math.round(Math.exp(logprob) * 1e4) / 1e4])
  expect(told({}, 3)).toEqual([
    [1, 0.4],
    [2, 0.3],
    [3, 0.2],
  ])
  expect(told({ topK: 2 }, 3)).toEqual([
    [1, 0.5714],
    [2, 0.4286],
  ])
  expect(told({ temperature: 0, topK: 1 }, 2)).toEqual([
    [1, 0.4],
    [2, 0.3],
  ])
})

test('top-k keeps the k most likely, renormalised', () => {
  expect(reachable({ topK: 2 })).toEqual({ 1: 0.5714, 2: 0.4286 })
})

test('top-p keeps the smallest set that reaches it', () => {
  expect(reachable({ topP: 0.65 })).toEqual({ 1: 0.5714, 2: 0.4286 })
  expect(reachable({ topP: 0.1 })).toEqual({ 1: 1 })
})

test('min-p drops what is below its share of the most likely', () => {
  expect(reachable({ minP: 0.6 })).toEqual({ 1: 0.5714, 2: 0.4286 })
})

test('of equally likely tokens the lower ids are kept', () => {
  const equal = new Float32Array(8).fill(1 / 8)
  const ids = new Set<number>()
  for (let draw = 0; draw < 1; draw += 0.01) ids.add(sampleToken(equal, { ...base, topK: 3 }, draw).id)
  expect([...ids].sort()).toEqual([0, 1, 2])
})

test('probabilities are those of the softmax, from the most likely token down to none', () => {
  const logits = Float32Array.from({ length: 4000 }, (_, i) => 3 - i / 30)
  const weights = [...logits].map((logit) => Math.exp((logit - 3) / base.temperature))
  const total = weights.reduce((sum, weight) => sum + weight)
  const found = probabilities(logits, [], base)
  weights.forEach((weight, i) => {
    const want = weight / total
    expect(Math.abs(found[i]! - want)).toBeLessThanOrEqual(3e-7 * want + 2e-45)
  })
})

test('the penalty divides positive and multiplies negative logits of tokens already seen', () => {
  const changed = probabilities(Float32Array.of(2, -1, 0.5), [0, 1, 0], { ...base, repetitionPenalty: 2 })
  const want = [1, -2, 0.5].map(Math.exp)
  const total = want.reduce((sum, value) => sum + value)
  changed.forEach((value, i) => expect(value).toBeCloseTo(want[i]! / total, 6))
})

test('a mask leaves nothing to tokens outside of it and shares all among those within', () => {
  const logits = Float32Array.from({ length: 40 }, (_, id) => id / 10)
  const allowed = [2, 31, 32]
  const mask = new Uint32Array(2)
  for (const id of allowed) mask[id >>> 5]! |= 1 << (id & 31)
  const total = allowed.reduce((sum, id) => sum + Math.exp(logits[id]!), 0)
  probabilities(logits, [], base, mask).forEach((value, id) =>
    expect(value).toBeCloseTo(allowed.includes(id) ? Math.exp(logits[id]!) / total : 0, 6),
  )
})

test('a law cuts where it drops tokens or penalises them, and not by its temperature', () => {
  for (const law of [{ topK: 5 }, { topP: 0.9 }, { minP: 0.1 }, { repetitionPenalty: 1.2 }])
    expect(cuts({ temperature: 0.7, ...law })).toBe(true)
  for (const law of [{}, { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 }])
    expect(cuts({ temperature: 0.7, ...law })).toBe(false)
})

/** Weights with many equal ones and some of 0, as probabilities. */
const distributions = fc
  .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 })
  .filter((weights) => weights.some((weight) => weight > 0))
  .map((weights) => {
    const total = weights.reduce((sum, value) => sum + value)
    return Float32Array.from(weights, (value) => value / total)
  })
const laws = fc.record({
  temperature: fc.constant(1),
  topK: fc.nat(10),
  topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('a token drawn has a probability above zero, for any distribution, draw and filter', () => {
  fc.assert(
    fc.property(
      distributions,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      laws,
      (distribution, draw, law) => {
        const { id, logprob } = sampleToken(distribution, law, draw)
        expect(distribution[id]).toBeGreaterThan(0)
        expect(logprob).toBeLessThanOrEqual(1e-6)
      },
    ),
  )
})

test('tokens rank as sorting all of them would', () => {
  fc.assert(
    fc.property(distributions, fc.nat(29), fc.double({ min: 0, max: 1, noNaN: true }), (distribution, n, share) => {
      const sorted = Array.from(distribution.keys()).sort((a, b) => distribution[b]! - distribution[a]! || a - b)
      const sum = (count: number) => sorted.slice(0, count).reduce((all, id) => all + distribution[id]!, 0)
      const ranked = ranking(distribution)
      expect(sorted.map((_, rank) => ranked.token(rank))).toEqual(sorted)
      const count = Math.min(n, sorted.length)
      expect(ranked.mass(count)).toBeCloseTo(sum(count), 12)
      const value = share * ranked.top + Number.MIN_VALUE
      expect(ranked.atLeast(value)).toBe(sorted.filter((id) => distribution[id]! >= value).length)
      // A little short of a sum, so that no rounding decides.
      const target = sum(count) * (1 - 1e-9)
      const first = sorted.findIndex((_, rank) => sum(rank + 1) > target)
      expect(ranked.first((mass) => mass > target)).toBe(first)
    }),
  )
})

/** Probability by id of what is kept. */
function distributionOf(logits: Float32Array, context: readonly number[], law: Law): Map<number, number> {
  const all = probabilities(logits, context, law)
  const ranked = ranking(all)
  const count = kept(ranked, law)
  const total = ranked.mass(count)
  return new Map(
    Array.from({ length: count }, (_, rank) => [ranked.token(rank), all[ranked.token(rank)]! / total] as const),
  )
}

/** The laws of the reference numbers. */
const references: Record<string, Law> = {
  temperature: { temperature: 0.7 },
  top_k: { temperature: 1, topK: 5 },
  top_p: { temperature: 1, topP: 0.8 },
  min_p: { temperature: 1, minP: 0.1 },
  all: { temperature: 1, topK: 5, topP: 0.8, minP: 0.1 },
  all_temperature: { temperature: 0.7, topK: 5, topP: 0.8, minP: 0.1 },
  repetition: { temperature: 1, repetitionPenalty: 1.3 },
  everything: { temperature: 0.7, repetitionPenalty: 1.3, topK: 40, topP: 0.9, minP: 0.3 },
}

function expectDistribution(found: Map<number, number>, want: Map<number, number>): void {
  expect([...found.keys()].sort((a, b) => a - b)).toEqual([...want.keys()].sort((a, b) => a - b))
  for (const [id, probability] of want) expect(Math.abs(found.get(id)! - probability)).toBeLessThan(1e-6)
}

const golden: {
  context: number[]
  logits: number[]
  probabilities: Record<string, Record<string, number>>
} = JSON.parse(readFileSync(join(import.meta.dir, '../../../fixtures/golden/sampling.json'), 'utf8'))

test.each(Object.entries(references))(
  'transformers keeps the same tokens with the same probabilities: %s',
  (name, law) => {
    const want = new Map(Object.entries(golden.probabilities[name]!).map(([id, value]) => [Number(id), value]))
    expectDistribution(distributionOf(Float32Array.from(golden.logits), golden.context, law), want)
  },
)

test('what is generated under any law has the probability that transformers gives it', async () => {
  const folder = scratch()
  writeGoldenModel('qwen2', folder)
  const model = openModel(await openDevice('cpu'), folder)
  const request = { prompt: golden.context, samples: 64, key: [0] }
  for (const [name, law] of Object.entries(references)) {
    const want = new Map(Object.entries(golden.probabilities[name]!))
    const [completions = []] = await generateAll(model, [request], { ...law, maxNewTokens: 1, eosIds: [] })
    const drawn = new Set<string>()
    for (const { ids, logprobs } of completions) {
      const id = String(ids[0])
      drawn.add(id)
      expect({ name, id, kept: want.has(id) }).toMatchObject({ kept: true })
      expect(Math.abs(logprobs[0]! - Math.log(want.get(id)!))).toBeLessThan(1e-4)
    }
    // Sixty-four draws miss a token of probability p with (1 − p)^64.
    const likely = [...want].filter(([, probability]) => probability > 0.2).map(([id]) => id)
    expect(likely.filter((id) => !drawn.has(id))).toEqual([])
  }
  model.free()
})

const families = ['qwen2', 'qwen3', 'llama3']
const oracle = sharedPath('oracle')
test.skipIf(!oracle).each(families)('transformers keeps the same tokens in every context of %s', (family) => {
  const rows = openSafetensors(join(oracle!, family, 'sampling', 'rows.safetensors'))
  const reference = openSafetensors(join(oracle!, family, 'sampling', 'probs.safetensors'))
  const [count = 0, length = 0] = rows.entries.get('input_ids')!.shape
  const [ids, mask] = [rows.integers('input_ids'), rows.integers('attention_mask')]
  const V = reference.entries.get('logits')!.shape[1]!
  const row = (name: string, n: number) => reference.floats(name).slice(n * V, (n + 1) * V)
  for (let n = 0; n < count; n++) {
    const context = ids.slice(n * length, (n + 1) * length).filter((_, i) => mask[n * length + i] === 1)
    for (const [name, law] of Object.entries(references)) {
      const want = new Map([...row(name, n).entries()].filter(([, probability]) => probability > 0))
      expectDistribution(distributionOf(row('logits', n), context, law), want)
    }
  }
})
