// The table of CUDA kernels, and every graph that hone builds against it.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { cut, input, op } from '../../../src/gpu/graph/graph.ts'
import { idle } from '../idle.ts'
import { cudaFaults } from './kernels.ts'
import { generateAll } from '../../../src/gpu/policy/generate.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { ModelOptions } from '../../../src/gpu/policy/trainable.ts'
import type { PerToken } from '../../../src/gpu/policy/policy.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

test('a graph of operators with kernels has no fault', () => {
  const x = input('f32', [4, 'n'])
  expect(cudaFaults(cut('good', { x }, { y: op('Softmax', [op('Mul', [x, 2])], { axis: -1 }) }))).toEqual([])
})

test('an operator without a kernel for the type of its data is named with its graph', () => {
  const x = input('bf16', [4])
  expect(cudaFaults(cut('half', { x }, { y: op('Log', [x]) }))).toEqual(['half: Log has no kernel for bf16'])
})

test('a mean over a middle axis needs cuDNN, over first, last and all axes it does not', () => {
  const mean = (shape: number[], axes: number[]) => {
    const x = input('f32', shape)
    return cudaFaults(cut('mean', { x }, { y: op('ReduceMean', [x], { axes, keepdims: 1 }) }))
  }
  for (const [shape, axes] of [
    [[2, 3, 4], [0]],
    [
      [2, 3, 4],
      [1, 2],
    ],
    [
      [2, 3, 4],
      [0, 1, 2],
    ],
    [[2, 3, 1], [1]],
    [[2, 3, 4], [-1]],
  ] as const)
    expect(mean([...shape], [...axes])).toEqual([])
  expect(mean([2, 3, 4], [1])).toEqual(['mean: ReduceMean over axes 1 of [2,3,4] needs cuDNN'])
  expect(mean([2, 3, 4], [0, 2])).toHaveLength(1)
})

const folder = mkdtempSync(join(tmpdir(), 'hone-kernels-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ways: Record<string, ModelOptions> = {
  'all weights, activations kept': { training: { kind: 'full' }, reference: true },
  'all weights, activations computed again': { training: { kind: 'full' }, reference: true, activationBudget: 0 },
  'an adapter': {
    training: { kind: 'lora', rank: 2, alpha: 4, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'], seed: 0 },
  },
}
const families = Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[]

test.each(
  families.flatMap((family) => Object.entries(ways).map(([name, options]) => [family, name, options] as const)),
)('every graph of rollout and training has its kernels: %s, training %s', async (family, _, options) => {
  const device = idle(await openDevice('cpu'))
  const model = openModel(device, writeTinyModel(join(folder, family), family), options)
  const prompts = [[5, 6, 7, 8], [9], [10, 11]]
  const requests = prompts.map((prompt, i) => ({ prompt, samples: 2, key: [i] }))
  for (const repetitionPenalty of [1, 1.1])
    await generateAll(model, requests, { temperature: 1, repetitionPenalty, maxNewTokens: 70, eosIds: [] })
  // Some rows end before the others, and leave.
  const session = model.open()
  const slots = Array.from({ length: 24 }, (_, n) =>
    session.submit({
      ids: prompts[n % 3]!,
      sampling: { temperature: 1, maxNewTokens: n < 4 ? 70 : 2 + n, eosIds: [] },
      key: [n],
    }),
  )
  await Promise.all(slots.map(({ completion }) => completion))
  session.close()
  const groups = [
    {
      prompt: prompts[0]!,
      completions: [
        [1, 2],
        [3, 4, 5],
      ],
    },
    { prompt: prompts[1]!, completions: [[6], [7, 8]] },
  ]
  model.forward(groups, { temperature: 0.7, reference: true })
  const same = (values: PerToken) => values.map((group) => group.map((row) => row.map(() => 0.1)))
  for (const entropy of [false, true])
    model.accumulate(groups, { temperature: 0.7, entropy }, ({ logprobs, entropies }) => ({
      logprobs: same(logprobs),
      ...(entropies && { entropies: same(entropies) }),
    }))
  model.update({ learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 })
  const graphs = model.programs.graphs()
  expect(graphs.length).toBeGreaterThan(10)
  expect(graphs.map(({ name }) => name)).toContain('decode-attend-shared-false')
  expect(graphs.flatMap(cudaFaults)).toEqual([])
  model.free()
})
