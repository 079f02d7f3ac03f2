// How many tokens are likelier than each, beside the logits of the same positions.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import { scratch } from '../../scratch.ts'
import { writeTinyModel } from '../tiny-model.ts'

test('a token is told from those that are likelier, and one that is likeliest has none before it', async () => {
  const device = await openDevice('cpu')
  const model = openModel(device, writeTinyModel(join(scratch(), 'model'), 'qwen2'))
  const prompt = [5, 60, 7, 33]
  const best = (ids: number[]) => {
    const logits = model.logits(ids).slice(-model.config.vocabulary)
    return logits.indexOf(Math.max(...logits))
  }
  const completions = [[12, 3, 44], [best(prompt)], [61, best([...prompt, 61])]]
  const expected = completions.map((ids) => {
    const logits = model.logits([...prompt, ...ids])
    return ids.map((id, t) => {
      const row = logits
        .subarray((prompt.length - 1 + t) * model.config.vocabulary)
        .subarray(0, model.config.vocabulary)
      return row.reduce((sum, each) => sum + (each > row[id]! ? 1 : each === row[id] ? 0.5 : 0), 0)
    })
  })
  const { likelier } = model.forward([{ prompt, completions }], { temperature: 1, likelier: true })
  const found = likelier![0]!.map((tokens) => [...tokens].map((each) => Math.round(each * 1000) / 1000))
  expect(found).toEqual(expected)
  expect([expected[1]![0], expected[2]![1]]).toEqual([0.5, 0.5])
  model.free()
})
