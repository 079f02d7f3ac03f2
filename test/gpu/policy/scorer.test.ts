// The scalar head: a number at every position, and gradients of losses on such numbers through head and blocks.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { wholeSequence } from '../../../src/gpu/policy/batch.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import type { Group, PerToken } from '../../../src/gpu/policy/policy.ts'
import { openScorer, type ScorerModel } from '../../../src/gpu/policy/scorer.ts'
import { tinyFamilies, writeTinyModel } from '../tiny-model.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-scorer-'))
const device = await openDevice('cpu')
afterAll(() => rmSync(root, { recursive: true }))

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 }
const prompt = [5, 9, 2, 33, 7]
const completions = [
  [1, 2, 3, 4],
  [8, 6],
]
const groups: Group[] = [{ prompt, completions }]
/** The loss Σ w·v, whose weights differ from token to token. */
const weights: PerToken = [completions.map((ids, g) => Float32Array.from(ids, (_, t) => Math.sin(1 + t + 3 * g)))]
const lossOf = (scorer: ScorerModel): number =>
  scorer
    .values(groups)[0]!
    .flatMap((row, g) => [...row].map((value, t) => value * weights[0]![g]![t]!))
    .reduce((sum, term) => sum + term, 0)

describe.each(Object.keys(tinyFamilies) as (keyof typeof tinyFamilies)[])('a %s scorer', (family) => {
  test.each(['ForSequenceClassification', 'ForTokenClassification'])(
    'gives one value to each position: %s',
    (ending) => {
      const scorer = openScorer(device, writeTinyModel(join(root, family + ending), family, ending))
      const values = scorer.values(groups)[0]!
      completions.forEach((ids, g) => {
        const [alone] = scorer.values([wholeSequence([...prompt, ...ids])])[0]!
        expect(alone).toHaveLength(prompt.length + ids.length)
        // A completion token's value stands at the position before it.
        const want = alone!.slice(prompt.length - 1, -1)
        values[g]!.forEach((value, t) => expect(value).toBeCloseTo(want[t]!, 5))
      })
      scorer.free()
    },
  )

  test('passes gradients on as finite differences say, to head, norms, projections and embedding', () => {
    const folder = writeTinyModel(join(root, `${family}-gradient`), family, 'ForTokenClassification')
    const scorer = openScorer(device, folder, { training: { kind: 'full' } })
    scorer.accumulate(groups, () => weights)
    const start = structuredClone(scorer.state())
    const moved = (name: string, index: number, by: number) => {
      const tensors = start.tensors.map((tensor) =>
        tensor.name === name ? { ...tensor, value: tensor.value.with(index, tensor.value[index]! + by) } : tensor,
      )
      scorer.restore({ ...start, tensors })
      return lossOf(scorer)
    }
    for (const { name, value } of scorer.gradients()) {
      const index = value.reduce((most, slope, i) => (Math.abs(slope) > Math.abs(value[most]!) ? i : most), 0)
      const step = 1e-2
      const numeric = (moved(name, index, step) - moved(name, index, -step)) / (2 * step)
      // Keys' biases move no score: what is left of their gradient is rounding.
      if (Math.abs(value[index]!) > 1e-4) expect(value[index]! / numeric).toBeCloseTo(1, 1)
    }
    scorer.free()
  })

  test('is trained, saved as a folder of its kind and opened again', async () => {
    const folder = writeTinyModel(join(root, `${family}-saved`), family, 'ForSequenceClassification')
    const scorer = openScorer(device, folder, { training: { kind: 'full' } })
    const before = lossOf(scorer)
    scorer.accumulate(groups, () => weights)
    scorer.update(adamw)
    expect(lossOf(scorer)).toBeLessThan(before)
    const saved = join(root, `${family}-again`)
    await scorer.save(saved, 'model')
    expect(openScorer(device, saved).values(groups)).toEqual(scorer.values(groups))
    scorer.free()
  })
})

test('a folder with another head than is needed is refused by the name of its architecture', () => {
  const language = writeTinyModel(join(root, 'language'), 'qwen3')
  const scalar = writeTinyModel(join(root, 'scalar'), 'qwen3', 'ForSequenceClassification')
  const refusal = (found: string, needed: string) =>
    expect.objectContaining({
      message: expect.stringMatching(`${found} head, and a ${needed} head is needed`),
      exit: 2,
    })
  expect(() => openScorer(device, language)).toThrow(refusal('Qwen3ForCausalLM has a language', 'scalar'))
  expect(() => openModel(device, scalar)).toThrow(refusal('Qwen3ForSequenceClassification has a scalar', 'language'))
})
