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
