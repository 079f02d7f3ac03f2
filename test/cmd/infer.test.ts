// infer as a script uses it: every form of a row, the same answers whatever the batch, and what it refuses.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { promptForms, promptText } from '../../src/dialogue/prompt.ts'
import { runHere } from '../here.ts'
import { taskRows, toLines, writeTinyModel } from './tiny-model.ts'

const place = mkdtempSync(join(tmpdir(), 'hone-infer-'))
const rows = taskRows(5).map(({ messages, tools }) => ({ messages, tools }))
const ask = (input: string, ...words: string[]) =>
  runHere(['infer', 'model', '--device', 'cpu', '--max-new-tokens', '12', ...words], { cwd: place, input })

const Answer = v.strictObject({
  text: v.string(),
  calls: v.array(v.unknown()),
  prompt_ids: v.array(v.number()),
  output_ids: v.array(v.number()),
  logprobs: v.array(v.number()),
})
const answers = async (input: string, ...words: string[]) => {
  const { code, stdout } = await ask(input, ...words)
  expect(code).toBe(0)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => v.parse(Answer, JSON.parse(line)))
}

beforeAll(() => writeTinyModel(join(place, 'model')))
afterAll(() => rmSync(place, { recursive: true }))

test('messages, their text and their ids are the same question', async () => {
  const tokenizer = await loadTokenizer(join(place, 'model'))
  const text = promptText(promptForms.native, rows[0]!, tokenizer)
  const [byMessages, byText, byIds] = await answers(
    toLines([rows[0], { prompt: text }, { input_ids: tokenizer.encode(text) }]),
  )
  expect(byMessages).toEqual(byText!)
  expect(byMessages).toEqual(byIds!)
  expect(byMessages!.prompt_ids).toEqual(tokenizer.encode(text))
  expect(byMessages!.logprobs.length).toBe(byMessages!.output_ids.length)
  expect(byMessages!.logprobs.every((value) => value <= 0)).toBe(true)
}, 300_000)

test('an answer does not depend on the rows beside it, and a seed fixes what is sampled', async () => {
  const together = await answers(toLines(rows))
  const [alone] = await answers(toLines([rows[3]]))
  expect(alone!.output_ids).toEqual(together[3]!.output_ids)
  alone!.logprobs.forEach((value, t) => expect(Math.abs(value - together[3]!.logprobs[t]!)).toBeLessThan(1e-4))
  const sampled = async (seed: string) =>
    (await answers(toLines(rows), '--temperature', '1', '--seed', seed)).map(({ output_ids }) => output_ids)
  expect(await sampled('1')).toEqual(await sampled('1'))
  expect(await sampled('1')).not.toEqual(await sampled('2'))
}, 300_000)

test('of several samples each is a line with its number, the first the one that is given alone', async () => {
  const two = toLines(rows.slice(0, 2))
  const sampled = ['--temperature', '1']
  const { stdout } = await ask(two, ...sampled, '--n', '3')
  const lines = stdout.trimEnd().split('\n')
  const numbered = lines.map((line) =>
    v.parse(v.strictObject({ ...Answer.entries, sample: v.number() }), JSON.parse(line)),
  )
  expect(numbered.map(({ sample }) => sample)).toEqual([0, 1, 2, 0, 1, 2])
  const idsOf = (each: readonly { output_ids: number[] }[]) => each.map(({ output_ids }) => output_ids)
  expect(idsOf(numbered.filter(({ sample }) => sample === 0))).toEqual(idsOf(await answers(two, ...sampled)))
  expect(numbered[1]!.output_ids).not.toEqual(numbered[0]!.output_ids)
}, 300_000)

test('a stop text ends an answer, which is cut before it', async () => {
  const one = toLines([rows[0]])
  const [whole] = await answers(one)
  const stop = whole!.text.slice(7, 12)
  const [cut] = await answers(one, '--stop', 'no such text, is there', '--stop', stop)
  expect(cut!.text).toBe(whole!.text.slice(0, whole!.text.indexOf(stop)))
  expect(cut!.output_ids.length).toBeLessThan(whole!.output_ids.length)
  expect(cut!.output_ids).toEqual(whole!.output_ids.slice(0, cut!.output_ids.length))
}, 300_000)

test('log-probs may be left out', async () => {
  const { stdout } = await ask(toLines([rows[0]]), '--no-logprobs')
  expect(Object.keys(JSON.parse(stdout))).toEqual(['text', 'calls', 'prompt_ids', 'output_ids'])
}, 300_000)

test('a row that says what is right is kept beside its answer, so that score reads what infer writes', async () => {
  const right = { ...rows[0], id: 'one', answer: [{ name: 'f', arguments: {} }], output: 'older' }
  const { stdout } = await ask(toLines([right]))
  const { id, tools, answer } = right
  expect(JSON.parse(stdout)).toMatchObject({ id, tools, answer })
  expect(JSON.parse(stdout)).not.toHaveProperty('output')
  const scored = await runHere(['score', '-', '--format', 'ndjson'], { input: stdout })
  expect(scored.code).toBe(0)
  expect(JSON.parse(scored.stdout)).toMatchObject({ id: 'one', score: 0 })
})

test('each mistake ends with exit 2 and the line of the row', async () => {
  const good = toLines([{ prompt: 'open the ticket' }])
  const mistakes: [string, RegExp][] = [
    [`${good}{"prompt": `, /^error: -:2:\d+: /],
    [`${good}{"question": "?"}\n`, /^error: -:2: .*\n\nhint: .*messages/],
    [
      toLines([{ messages: [{ role: 'assistant', content: null, tool_calls: 'none' }] }]),
      /-:1: .*messages\.0\.tool_calls/,
    ],
    [toLines([{ input_ids: [1, 99_999] }]), /^error: -:1: .*99999/],
    [toLines([{ input_ids: new Array(510).fill(5) }]), /^error: -:1: .*Context too long.*512 positions\n\nhint: /],
    ['', /^error: -: .*empty/],
  ]
  for (const [input, message] of mistakes) {
    const { code, stderr } = await ask(input)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  }
  writeFileSync(join(place, 'file'), '')
  const usage: [string[], RegExp][] = [
    [['--temperature', '-1'], /^error: --temperature must be 0 or a number from 1e-6/],
    [['--max-new-tokens', '0'], /^error: .*--max-new-tokens/],
    [['--stop', ''], /^error: --stop must be a text that is not empty/],
    [['--parser', 'tool-n2'], /^error: --parser must be one of tool-n1, .*\n\nhint: did you mean tool-n1/],
    [['--prompt', 'nativ'], /^error: .*nativ.*\n\nhint: .*native/],
    [['--adapter', 'nowhere'], /^error: .*nowhere/],
  ]
  for (const [words, message] of usage) {
    const { code, stdout, stderr } = await runHere(['infer', 'model', '--device', 'cpu', ...words], {
      cwd: place,
      input: good,
    })
    expect(stderr).toMatch(message)
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: '' })
  }
}, 300_000)

test('an answer that is held to its tools is a valid call of one, whatever the model', async () => {
  const parameters = {
    type: 'object',
    properties: { on: { type: 'boolean' }, mode: { enum: ['dim', 'full'] } },
    required: ['on'],
    additionalProperties: false,
  }
  const row = { ...rows[0], tools: [{ name: 'lamp', description: 'A lamp.', parameters }] }
  const words = ['--parser', 'tool-n1', '--constrain', 'reply', '--temperature', '1', '--n', '12']
  const input = toLines([row])
  const { code, stdout } = await runHere(
    ['infer', 'model', '--device', 'cpu', '--max-new-tokens', '240', ...words, '--no-logprobs'],
    { cwd: place, input },
  )
  expect(code).toBe(0)
  const written = v
    .parse(
      v.array(v.looseObject({ text: v.string(), calls: v.array(v.unknown()) })),
      JSON.parse(`[${stdout.trim().replaceAll('\n', ',')}]`),
    )
    .filter(({ text }) => text.endsWith('</tool_call>'))
  expect(written.length).toBeGreaterThan(0)
  for (const { text, calls } of written) {
    const list = v.parse(v.array(Lamp), JSON.parse(/\[.*\]/s.exec(text)![0]))
    expect<unknown[]>(calls).toEqual(list)
  }
}, 300_000)

const Lamp = v.strictObject({
  name: v.literal('lamp'),
  arguments: v.strictObject({ on: v.boolean(), mode: v.optional(v.picklist(['dim', 'full'])) }),
})

test('what cannot be held is refused: a format without a grammar, a prompt without tools', async () => {
  const refused = async (input: string, ...words: string[]) => {
    const { code, stderr } = await ask(input, '--constrain', 'calls', ...words)
    expect(code).toBe(2)
    return stderr
  }
  expect(await refused(toLines(rows.slice(0, 1)), '--parser', 'mistral')).toContain('formats with a grammar: tool-n1')
  expect(await refused(toLines([{ prompt: 'Hello' }]))).toContain('it names no tools')
}, 300_000)
