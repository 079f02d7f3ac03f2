// Rows as token ids: prompts, sets of them, and examples in both spellings.
import { beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadTokenizer, type Tokenizer } from '../../../src/dialogue/chat.ts'
import { HoneError } from '../../../src/error.ts'
import { promptForms } from '../../../src/dialogue/prompt.ts'
import { endingOf, promptLimit } from '../../../src/job/open.ts'
import { type RowContext, readExamples, readPrompts, readPromptSets } from '../../../src/job/train/rows.ts'
import { taskRows, toLines } from '../../cmd/tiny-model.ts'
import { scratch } from '../../scratch.ts'

let tokenizer: Tokenizer
const context = (limit = 512): RowContext => ({ tokenizer, form: promptForms.native, limit })
const rows = taskRows(4)

function file(content: readonly unknown[], name = 'rows.jsonl'): string {
  const path = join(scratch(), name)
  writeFileSync(path, toLines(content))
  return path
}

beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dir, '../../../fixtures/minicall/model'))
})

test('prompts keep the place of their row where others are too long', async () => {
  const lengths = (await readPrompts([file(rows)], context())).items.map(({ ids }) => ids.length)
  const limit = Math.max(...lengths) - 1
  const { items, tooLong } = await readPrompts([file(rows)], context(limit))
  expect(tooLong).toBe(lengths.filter((length) => length > limit).length)
  expect(items.map(({ index }) => index)).toEqual(lengths.flatMap((length, i) => (length <= limit ? [i] : [])))
  expect(items.every(({ row, index }) => row.id === rows[index]!.id)).toBe(true)
})

test('a set is named after its file and may be cut', async () => {
  const files = [file(rows, 'test-seen.jsonl'), file(rows, 'b.jsonl')]
  const { items: sets } = await readPromptSets(files, context(), 3)
  expect(sets.map(({ name, prompts }) => [name, prompts.length])).toEqual([
    ['test-seen', 3],
    ['b', 3],
  ])
})

test('an example is a row with its answer, with words of its own, or plain text; each ends with the end token once', async () => {
  const [end] = tokenizer.eosIds
  const [row] = rows
  const given = { ...row!, meta: { completion: 'no tool fits' } }
  const { items } = await readExamples(
    [file([row, given, { prompt: 'ab', completion: 'cd' }, { prompt: 'ab', completion: 'cd<|im_end|>' }])],
    context(),
  )
  const [rendered, own, plain, ended] = items.map(({ completion }) => completion.ids)
  expect(tokenizer.decode(rendered!)).toContain(row!.answer[0]!.name)
  expect(own).toEqual([...tokenizer.encode('no tool fits'), end!])
  expect(plain).toEqual([...tokenizer.encode('cd'), end!])
  expect(ended).toEqual(plain!)
  expect(items[0]!.prompt).toEqual(items[1]!.prompt)
})

test('of a completion in pieces every other one is given; it ends with words of the model', async () => {
  const [end] = tokenizer.eosIds
  const { items } = await readExamples([file([{ prompt: 'ab', completion: ['c', 'de', 'f'] }])], context())
  const { ids, trained } = items[0]!.completion
  expect(ids).toEqual([...['c', 'de', 'f'].flatMap((text) => tokenizer.encode(text)), end!])
  const [first, second] = trained
  expect(tokenizer.decode(ids.slice(first!.from, first!.to))).toBe('c')
  expect(ids.slice(second!.from, second!.to)).toEqual([...tokenizer.encode('f'), end!])
  const bad = file([{ prompt: 'ab', completion: ['c', 'de'] }])
  await expect(readExamples([bad], context())).rejects.toMatchObject({ at: `${bad}:1`, exit: 2 })
})

test('rows that cannot be used are refused with their line', async () => {
  const bad = file([rows[0], { prompt: '', completion: 'x' }])
  await expect(readExamples([bad], context())).rejects.toMatchObject({ at: `${bad}:2`, exit: 2 })
  const strange = file([rows[0], { question: 1 }])
  await expect(readPrompts([strange], context())).rejects.toMatchObject({ at: `${strange}:2`, exit: 2 })
  await expect(readPrompts([file(rows)], context(3))).rejects.toThrow('each of the 4 is longer than 3 tokens')
})

test('prompt and completion share the positions of the model', () => {
  expect(promptLimit(null, 64, { positions: 512 })).toBe(448)
  expect(promptLimit(100, 64, { positions: 512 })).toBe(100)
  expect(() => promptLimit(500, 64, { positions: 512 })).toThrow('Context too long')
  expect(() => promptLimit(null, 512, { positions: 512 })).toThrow('Context too long')
})

test('a stop string is found wherever tokens cut it', () => {
  const { stop } = endingOf(tokenizer, ['ticket}'])
  const ids = tokenizer.encode('open the ticket} now')
  const stops = ids.map((_, i) => stop!(ids.slice(0, i + 1)))
  expect(tokenizer.decode(ids.slice(0, stops.indexOf(true) + 1))).toContain('ticket}')
  expect(stop!(tokenizer.encode('open the ticket'))).toBe(false)
  expect(endingOf(tokenizer)).not.toHaveProperty('stop')
})

test('a row that the chat template refuses is named by file and line, in prompts and in targets', async () => {
  const refusing: Tokenizer = {
    ...tokenizer,
    template(messages, options) {
      if (messages.some(({ content }) => content.includes('refuse me')))
        throw new HoneError('Cannot render the messages: the chat template says: one call at a time')
      return tokenizer.template(messages, options)
    },
  }
  const bad = { ...rows[1]!, messages: [{ role: 'user', content: 'refuse me' }] }
  const refused = { message: expect.stringContaining('one call at a time'), at: expect.stringMatching(/rows.jsonl:2$/) }
  for (const read of [readPrompts, readExamples])
    await expect(read([file([rows[0], bad])], { ...context(), tokenizer: refusing })).rejects.toThrow(
      expect.objectContaining(refused),
    )
})
