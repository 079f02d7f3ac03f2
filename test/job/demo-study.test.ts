// A shipped study by its name: its task is made once, and what was run before is not run again.
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoStudy, type Shipped } from '../../src/job/demo/shipped.ts'
import { divert } from '../../src/out.ts'
import { taskRows, toLines, writeTinyModel } from '../cmd/tiny-model.ts'
import { scratch } from '../scratch.ts'

test('a study is gone on with where it was left, from the file that was written for it', async () => {
  const output = join(scratch(), 'study')
  let written = 0
  const seeded: string[] = []
  const stage = { sft: { preset: 'full', data: '{task}/rows.jsonl', steps: 1, batchSize: 2, prompt: 'native' } }
  const tiny: Shipped = {
    what: 'a study',
    minutes: 0,
    file: {
      model: '{task}/model',
      seeds: [0, 1],
      settings: { prompt: 'native', device: 'cpu', maxCompletionLength: 4, saveEvery: 0 },
      arms: { sft: [stage] },
      evaluate: { data: '{task}/rows.jsonl', rows: 2 },
      bars: ['sft - start >= -100'],
    },
    write(folder) {
      written++
      writeTinyModel(join(folder, 'model'))
      writeFileSync(join(folder, 'rows.jsonl'), toLines(taskRows(4)))
    },
    writeSeed: (folder, seed) => void seeded.push(`${folder} ${seed}`),
  }
  const texts: string[] = []
  const restore = divert((_, block) => {
    texts.push(Buffer.from(block).toString())
    return block.length
  })
  try {
    for (const seeds of [[0], [0, 1]])
      expect(await demoStudy({ tiny }, 'tiny', { output, seeds, format: 'text' }, {})).toBe(0)
  } finally {
    restore()
  }
  expect(written).toBe(1)
  expect(seeded).toEqual([0, 1].map((seed) => `${join(output, 'task', String(seed))} ${seed}`))
  const began = [...texts.join('').matchAll(/sft, seed (\d), stage 1/g)].map(([, seed]) => seed)
  expect(began).toEqual(['0', '1'])
})
