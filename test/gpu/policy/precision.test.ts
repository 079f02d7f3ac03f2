// The engine in other element types than float32: what is trained keeps float32 masters, and results stay near.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goldenFamilies, type GoldenFamily, goldenFolder, writeGoldenModel } from '../../../fixtures/golden/engine.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { programsOn } from '../../../src/gpu/device/programs.ts'
import { valuesOf } from '../../../src/gpu/device/values.ts'
import { decode, encode, type Float } from '../../../src/gpu/graph/float.ts'
import type { Cut } from '../../../src/gpu/graph/graph.ts'
import { float32, type Precision } from '../../../src/gpu/device/precision.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { type Model, openModel } from '../../../src/gpu/policy/model.ts'
import type { ModelOptions } from '../../../src/gpu/policy/trainable.ts'
import { loadParameters, type Training } from '../../../src/gpu/policy/parameters.ts'
import { openScorer } from '../../../src/gpu/policy/scorer.ts'
import { openWeights } from '../../../src/gpu/weights/weights.ts'
import { adaptable } from '../../../src/gpu/weights/family.ts'
import { openOracle } from '../../../src/job/verify/oracle.ts'
import { cudaFaults } from '../graph/kernels.ts'
import { idle } from '../idle.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-precision-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

const of = (dtype: Float): Precision => ({ weights: dtype, compute: dtype, reduce: 'f32' })
const adamw = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 }
const lora = { kind: 'lora', rank: 2, alpha: 4, targets: adaptable, seed: 0 } as const
const ways: Record<string, ModelOptions> = {
  'all weights': { training: { kind: 'full' }, reference: true },
  'all weights, activations computed again': { training: { kind: 'full' }, reference: true, activationBudget: 0 },
  'an adapter': { training: lora, reference: true },
}
const families = Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[]
for (const family of families) writeTinyModel(join(root, family), family)

/** Everything that a rollout and a training step run. The long prompt is scored in pieces. */
async function useAll(model: Model): Promise<void> {
  const long = Array.from({ length: 200 }, (_, i) => i % 60)
  const requests = [[5, 6, 7, 8], [9], [10, 11]].map((prompt, i) => ({ prompt, samples: 2, key: [i] }))
  for (const repetitionPenalty of [1, 1.1])
    await generateAll(model, requests, { temperature: 1, repetitionPenalty, maxNewTokens: 6, eosIds: [] })
  const groups = [
    { prompt: long, completions: [[1, 2], [3]] },
    { prompt: [7, 8], completions: [[4], [5, 6]] },
  ]
  model.forward(groups, { temperature: 0.7, reference: true })
  for (const entropy of [false, true])
    model.accumulate(groups, { temperature: 0.7, entropy }, ({ logprobs, entropies }) => ({
      logprobs,
      ...(entropies && { entropies }),
    }))
  model.update(adamw)
}

/** Element types of the values that enter or leave a graph under the names that `pick` takes. */
const typesOf = ({ inputs, outputs }: Cut, pick: (name: string) => boolean) =>
  [...Object.entries(inputs), ...Object.entries(outputs)].filter(([name]) => pick(name)).map(([, { dtype }]) => dtype)

describe.each(['f16', 'bf16'] as const)('every graph in %s', (dtype) => {
  test.each(families.flatMap((family) => Object.entries(ways).map(([name, way]) => [family, name, way] as const)))(
    'has its kernels on CUDA, and float32 where it accumulates: %s, training %s',
    async (family, _, way) => {
      const model = openModel(idle(device), join(root, family), {
        ...way,
        precision: of(dtype),
      })
      await useAll(model)
      const graphs = model.programs.graphs()
      expect(graphs.flatMap(cudaFaults)).toEqual([])
      const blocks = graphs.filter(({ name }) => /^(block|attend|decode-(project|attend))/.test(name))
      expect(blocks.length).toBeGreaterThan(4)
      const isMaster = (name: string) => /^((gradient|value) |d (prompt )?(keys|values)$)/.test(name)
      const isPlace = (name: string) => /^(back|place|mask|sharedPlace|sharedMask|rows|columns|ends)$/.test(name)
      for (const graph of blocks) {
        const types = typesOf(graph, (name) => !isMaster(name) && !isPlace(name))
        expect(new Set(types)).toEqual(new Set([dtype]))
        expect(new Set([...typesOf(graph, isMaster), 'f32'])).toEqual(new Set(['f32']))
      }
      for (const graph of graphs.filter(({ name }) => /^(head|adamw|square)/.test(name)))
        for (const [name, value] of Object.entries(graph.outputs))
          expect(value.dtype).toBe(name === 'dx' ? dtype : 'f32')
      model.free()
    },
  )
})

test.each(['f16', 'bf16'] as const)('the graphs of a scorer have their kernels in %s too', (dtype) => {
  const folder = writeTinyModel(join(root, 'scorer'), 'qwen3', 'ForTokenClassification')
  const scorer = openScorer(idle(device), folder, { training: { kind: 'full' }, precision: of(dtype) })
  scorer.accumulate([{ prompt: [1, 2], completions: [[3, 4]] }], (values) => values)
  const graphs = scorer.programs.graphs()
  expect(graphs.flatMap(cudaFaults)).toEqual([])
  const [results] = graphs.filter(({ name }) => /^head-\d/.test(name))
  expect(results!.outputs['values']!.dtype).toBe('f32')
  scorer.free()
})

describe('masters', () => {
  const weights = openWeights(writeTinyModel(join(root, 'masters'), 'qwen3'))
  const load = (precision: Precision) => {
    const programs = programsOn(device)
    return loadParameters(programs, weights, { precision, training: { kind: 'full' }, reference: false })
  }

  test('are what graphs read where both are float32', () => {
    const parameters = load(float32)
    const { tensors } = parameters.trained!
    expect(tensors.find(({ name }) => name === 'model.norm.weight')!.value).toBe(
      parameters.weight('finalNorm') as never,
    )
    parameters.free()
  })

  test('have a copy in the type of the graphs elsewhere, brought up to date after an update', () => {
    const parameters = load(of('bf16'))
    const master = parameters.trained!.byName.get('model.norm.weight')!.value
    const copy = parameters.weight('finalNorm')
    expect([master.dtype, copy.dtype]).toEqual(['f32', 'bf16'])
    const changed = valuesOf(master).map((value) => value + 1 / 3)
    device.upload(master, changed)
    parameters.refresh()
    expect(valuesOf(copy)).toEqual(decode('bf16', encode('bf16', changed)))
    parameters.free()
  })
})

describe.each(Object.keys(goldenFamilies) as GoldenFamily[])('%s in float16', (family) => {
  const folder = join(root, `golden-${family}`)
  writeGoldenModel(family, folder)
  const { groups } = openOracle(goldenFolder(family))
  const open = (dtype: Float, training: Training) => openModel(device, folder, { training, precision: of(dtype) })
  const batch = groups.map(({ group }) => group)
  const options = { temperature: 0.7, entropy: true }

  test('log-probs lie within 0.05 of those of float32, of training as of decoding', async () => {
    const [exact, half] = [open('f32', { kind: 'none' }), open('f16', { kind: 'none' })]
    const [want, found] = [exact.forward(batch, options), half.forward(batch, options)]
    expect(worst(found.logprobs, want.logprobs)).toBeLessThan(0.05)
    expect(worst(found.entropies!, want.entropies!)).toBeLessThan(0.05)
    const requests = batch.map(({ prompt }, i) => ({ prompt, samples: 2, key: [i] }))
    const written = await generateAll(half, requests, { temperature: 0.7, maxNewTokens: 12, eosIds: [] })
    const again = batch.map(({ prompt }, i) => ({ prompt, completions: written[i]!.map(({ ids }) => ids) }))
    const { logprobs } = half.forward(again, options)
    const drawn = written.map((group) => group.map((completion) => completion.logprobs))
    expect(worst(drawn, logprobs)).toBeLessThan(0.02)
    exact.free()
    half.free()
  })

  test.each([
    ['all weights', { kind: 'full' } as const],
    ['an adapter', lora],
  ] as const)('gradients point where those of float32 do, training %s', (_, training) => {
    const [want, found] = (['f32', 'f16'] as const).map((dtype) => {
      const model = open(dtype, training)
      const accumulate = () =>
        model.accumulate(batch, options, ({ logprobs }) => ({
          logprobs: logprobs.map((group) => group.map((row) => row.map((_, t) => 0.1 * Math.sin(t)))),
        }))
      // The update gives the second of an adapter's pair, which starts at zero, something to pass on. It is left out while the
      // scale of the loss is too large.
      do accumulate()
      while (model.update(adamw).scaling?.skipped)
      accumulate()
      const gradients = model.gradients()
      model.free()
      return gradients
    })
    for (const [i, { value }] of want!.entries()) expect(cosine(value, found![i]!.value)).toBeGreaterThan(0.99)
  })
})

function worst(found: readonly (readonly Float32Array[])[], want: readonly (readonly Float32Array[])[]): number {
  const [a, b] = [found, want].map((groups) => groups.flat().flatMap((row) => [...row]))
  expect(a!.length).toBe(b!.length)
  return a!.reduce((most, value, i) => Math.max(most, Math.abs(value - b![i]!)), 0)
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
