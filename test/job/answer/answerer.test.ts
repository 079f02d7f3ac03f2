// Answerers: order, memory and failures are the same whoever answers.
import { afterAll, expect, test } from 'bun:test'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { askOne, interleave, withMemory, type Answered, type Question } from '../../../src/job/answer/answerer.ts'
import { endpointAnswerer } from '../../../src/job/answer/endpoint.ts'
import { openTexts } from '../../../src/job/answer/kept.ts'
import { modelAnswerer } from '../../../src/job/answer/model.ts'
import { openLanguage } from '../../../src/job/open.ts'
import { promptForms } from '../../../src/dialogue/prompt.ts'
import { toyPolicy } from '../../rl/toy.ts'
import { scratch } from '../../scratch.ts'

const question = (content: string, sample = 0): Question => ({
  asked: { messages: [{ role: 'user', content }], tools: [] },
  sample,
  key: [content.length, sample],
})
const textOf = (answered: Answered) => ('text' in answered ? answered.text : undefined)

test('what is known and what is asked come in the order of the questions, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (knows, ahead) => {
        // Someone who reads a few questions ahead.
        async function* ask(others: Iterable<number>) {
          const read: number[] = []
          for (const n of others) {
            read.push(n)
            if (read.length === ahead) yield read.shift()!
          }
          yield* read
        }
        const questions = knows.map((_, n) => n + 1)
        const found: object[] = []
        for await (const each of interleave(questions, (n) => (knows[n - 1] ? -n : undefined), ask)) found.push(each)
        expect(found).toEqual(
          questions.map((n) => ({ question: n, answer: knows[n - 1] ? -n : n, asked: !knows[n - 1] })),
        )
      },
    ),
  )
})

const seen: string[] = []
const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const { messages } = (await request.json()) as { messages: { content: string }[] }
    const asked = messages.at(-1)!.content
    seen.push(asked)
    if (asked.includes('bad')) return new Response('no', { status: 400 })
    return Response.json({ choices: [{ message: { content: `to ${asked}` }, finish_reason: 'stop' }] })
  },
})
afterAll(() => server.stop(true))
const open = () =>
  endpointAnswerer(
    { url: `http://localhost:${server.port}/v1`, model: 'm' },
    { form: promptForms.native, temperature: 0, maxNewTokens: 8, seed: 0, concurrency: 2 },
  )

test('a question that the endpoint refuses fails alone; one that refuses from the start ends the work', async () => {
  const texts: (string | undefined)[] = []
  for await (const answered of open().answer(['a', 'bad', 'b'].map((text) => question(text))))
    texts.push(textOf(answered))
  expect(texts).toEqual(['to a', undefined, 'to b'])
  const all = async () => {
    for await (const _ of open().answer(['bad 1', 'bad 2', 'bad 3', 'c'].map((text) => question(text)))) continue
  }
  await expect(all()).rejects.toThrow('status 400')
})

test('texts are kept by all that they depend on, failures are asked again, a cut line is forgotten', async () => {
  const path = join(scratch(), 'kept.jsonl')
  const ask = async (...texts: string[]) => {
    seen.length = 0
    const answerer = withMemory(open(), await openTexts(path))
    const found: (string | undefined)[] = []
    for await (const answered of answerer.answer(texts.map((text) => question(text)))) found.push(textOf(answered))
    return found
  }
  await ask('x', 'bad', 'y')
  expect(await ask('x', 'bad', 'z', 'y')).toEqual(['to x', undefined, 'to z', 'to y'])
  expect(seen.toSorted()).toEqual(['bad', 'z'])
  appendFileSync(path, '{"key":"cut')
  await ask('x')
  expect(seen).toEqual([])
  // As an earlier version of hone wrote it: 128 bits of what was asked.
  const asked =
    '{"model": "m", "messages": [{"role": "user", "content": "old"}], "sampling": {"temperature": 0, "maxTokens": 8}, "sample": 0}'
  const key = new Bun.CryptoHasher('sha256').update(asked).digest('hex').slice(0, 32)
  writeFileSync(path, `${JSON.stringify({ key, text: 'remembered' })}\n`)
  expect(await ask('old')).toEqual(['remembered'])
  expect(readFileSync(path, 'utf8').trim().split('\n').length).toBe(1)
})

test('a model fails on a prompt that leaves no room, in its turn, and answers the others as it does alone', async () => {
  const model = join(import.meta.dir, '../../../fixtures/minicall/model')
  const language = { ...(await openLanguage({ model, prompt: 'native' })), positions: 60 }
  const answerer = modelAnswerer(toyPolicy(language.config.vocabulary), {
    source: 'toy',
    identity: [],
    language,
    sampled: { temperature: 1, maxNewTokens: 6, seed: 1 },
  })
  const long = 'word '.repeat(80)
  const questions = [long, 'one', long, long, 'two', 'two', long].map((text, n) => question(text, n))
  const found: Answered[] = []
  for await (const answered of answerer.answer(questions)) found.push(answered)
  expect(found.map((each) => 'failure' in each && each.noRoom)).toEqual([true, false, true, true, false, false, true])
  for (const [n, each] of questions.entries()) expect(textOf(await askOne(answerer, each))).toBe(textOf(found[n]!)!)
  expect(textOf(found[4]!)).not.toBe(textOf(found[5]!)!)
})
