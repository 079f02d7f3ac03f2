// Preferences as token ids: both texts on one prompt, as the template spells them, and whose words are whose.
import { beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadTokenizer, type Tokenizer } from '../../../src/dialogue/chat.ts'
import { completionIds, promptForms, promptIds } from '../../../src/dialogue/prompt.ts'
import { readPairs } from '../../../src/job/train/pairs.ts'
import type { Written } from '../../../src/rl/record.ts'
import { taskPairs, taskRows, toLines } from '../../cmd/tiny-model.ts'
import { scratch } from '../../scratch.ts'
import { TINY_TEMPLATE, writeTinyTokenizer } from '../../tiny-tokenizer.ts'

let tokenizer: Tokenizer
const form = promptForms.native
const read = async (...rows: unknown[]) => {
  const path = join(scratch(), 'pairs.jsonl')
  writeFileSync(path, toLines(rows))
  return await readPairs([path], { tokenizer, form, limit: 1024 })
}
const words = ({ ids, trained }: Written) => trained.map(({ from, to }) => tokenizer.decode(ids.slice(from, to)))

beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTinyTokenizer(scratch(), { 'chat_template.jinja': TINY_TEMPLATE }))
})

test('calls are the answer of the row, text is taken as it is, and both end with the end token', async () => {
  const row = { ...taskRows(1)[0]!, meta: {} }
  const { items } = await read({ ...row, chosen: row.answer, rejected: 'no tool fits' })
  expect(items[0]).toMatchObject({ index: 0, id: row.id, prompt: promptIds(form, row, tokenizer) })
  expect(items[0]!.chosen.ids).toEqual(completionIds(form, row, tokenizer))
  expect(items[0]!.rejected.ids).toEqual([...tokenizer.encode('no tool fits'), tokenizer.eosIds[0]!])
})

test('of several turns the model’s are trained on, and together they are the template’s text', async () => {
  const row = { ...taskRows(1)[0]!, meta: {} }
  const result = { role: 'tool', content: '42' }
  const said = { role: 'assistant', content: 'it is done' }
  const calling = { role: 'assistant', content: '', tool_calls: row.answer }
  const { items } = await read({ ...row, chosen: [calling, result, said], rejected: said })
  const { prompt, chosen } = items[0]!
  const end = tokenizer.decode([tokenizer.eosIds[0]!])
  expect(words(chosen)).toEqual([tokenizer.decode(completionIds(form, row, tokenizer)), `it is done${end}`])
  const messages = [...row.messages, calling, result, said]
  const whole = tokenizer.template(
    form.messages({ messages: messages as typeof row.messages, tools: row.tools }),
    form.template!(row),
  )
  expect(whole).toStartWith(tokenizer.decode([...prompt, ...chosen.ids]))
})

test('a row that is no pair is told by its line, and a pair that is too long is left out', async () => {
  const [pair] = taskPairs(1)
  expect(read(pair, { ...pair, rejected: pair!.chosen })).rejects.toMatchObject({
    at: expect.stringMatching(/pairs\.jsonl:2$/),
    message: 'Cannot read a pair: "chosen" and "rejected" are the same',
    exit: 2,
  })
  const { items, tooLong } = await read({ ...pair, rejected: 'a'.repeat(2000) }, pair)
  expect({ tooLong, indices: items.map(({ index }) => index) }).toEqual({ tooLong: 1, indices: [0] })
})

test('of the rollouts of a run each group gives its best and its worst, with what was given in them, unless all earned as much', async () => {
  const rollout = (id: string, sample: number, score: number, output_ids: number[], trained: number[]) => ({
    ...{ step: 1, id, sample, score, output_ids, trained, prompt_ids: [1, 2], turns: [], stop: 'completed' },
    ...{ logprobs: output_ids.map(() => -0.5), output: '', parts: {}, fault: null, reasons: [], reward: 0 },
  })
  const lines = [
    rollout('a', 0, 0, [3, 4], [1, 1]),
    rollout('a', 1, 1.1, [5, 6, 7], [1, 0, 1]),
    rollout('a', 2, -1, [8], [1]),
    rollout('b', 0, 1, [3], [1]),
    rollout('b', 1, 1, [4], [1]),
  ]
  const { items } = await read(...lines)
  const whole = { ids: [8], trained: [{ from: 0, to: 1 }] }
  const chosen = {
    ids: [5, 6, 7],
    trained: [
      { from: 0, to: 1 },
      { from: 2, to: 3 },
    ],
  }
  expect(items).toEqual([{ index: 0, id: 'a', prompt: [1, 2], chosen, rejected: whole }])
  await expect(read({ ...lines[0], trained: [1] })).rejects.toMatchObject({ at: expect.stringMatching(/:1$/), exit: 2 })
})
