// Rollouts that are held to their tools: the masks of their turns, and how far the policy keeps to the format by itself.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { findFormat } from '../../src/dialogue/call.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { holdOf } from '../../src/dialogue/hold.ts'
import { promptForms } from '../../src/dialogue/prompt.ts'
import { allows } from '../../src/gpu/policy/law.ts'
import { freedom, masksOf } from '../../src/rl/held.ts'
import type { Prompt, Sampled } from '../../src/rl/record.ts'

const tokenizer = await loadTokenizer(join(import.meta.dir, '..', '..', 'fixtures', 'minicall', 'model'))
const parameters = { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] }
const tools = [{ name: 'lamp', description: 'A lamp.', parameters }]
const hold = holdOf({
  tokenizer,
  form: promptForms.native,
  format: findFormat('tool-n1'),
  what: 'reply',
  vocabulary: tokenizer.vocabularySize,
})
const row = { id: 'a', source: 'test', messages: [], tools, answer: [], meta: {} }
const promptOf = (text: string): Prompt => ({ index: 0, ids: tokenizer.encode(text), row, json: {} })

/** A completion whose stretches are the model's own and a tool's in turn. */
function completion(...texts: readonly string[]): Sampled {
  const ids: number[] = []
  const turns = texts.map((text, i) => {
    const from = ids.length
    ids.push(...tokenizer.encode(text), ...(i % 2 === 0 ? tokenizer.eosIds.slice(0, 1) : []))
    return { role: i % 2 === 0 ? ('assistant' as const) : ('tool' as const), from, to: ids.length }
  })
  const trained = turns.filter(({ role }) => role === 'assistant').map(({ from, to }) => ({ from, to }))
  return { ids, logprobs: new Float32Array(ids.length), turns, trained, stop: 'completed' }
}

const call = '<tool_call>[{"name":"lamp","arguments":{"on":true}}]</tool_call>'

test('every own token has the mask that it was drawn within, each turn from its start; given ones have none', () => {
  const prompt = promptOf('hello')
  const two = completion(`<think>on</think>\n${call}`, 'done', call)
  const [[masks]] = masksOf([{ prompt, completions: [two] }], hold) as [[(Uint32Array | undefined)[]]]
  const [first, given, second] = two.turns
  for (const { from, to } of [first!, second!])
    for (let t = from; t < to; t++) expect(allows(masks[t]!, two.ids[t]!)).toBe(true)
  for (let t = given!.from; t < given!.to; t++) expect(masks[t]).toBeUndefined()
  expect(masks[second!.from]).toEqual(masks[0]!)
})

test('a thought that the prompt opens is gone on with', () => {
  const completions = [completion(`on</think>\n${call}`)]
  expect(() => masksOf([{ prompt: promptOf('hello <think>\n'), completions }], hold)).not.toThrow()
  expect(() => masksOf([{ prompt: promptOf('hello'), completions }], hold)).toThrow('token 0 is not within')
})

test('without anything that holds there are no masks', () => {
  expect(masksOf([{ prompt: promptOf('hello'), completions: [completion('x')] }], undefined)).toBeUndefined()
})

test('the share of valid turns that the policy would write by itself is the mean of what the masks leave', () => {
  const [one, two, other] = [completion('a'), completion('b'), completion('c')]
  const allowed = new Map([
    [one, Math.log(0.5)],
    [two, Math.log(0.25)],
  ])
  const figures = freedom(allowed, [one, two, other])
  expect(figures['constrain/free_format_rate']).toBeCloseTo(0.375, 12)
  expect(figures['constrain/log_allowed']).toBeCloseTo(Math.log(0.125) / (one.ids.length + two.ids.length), 12)
  expect(freedom(new Map(), [one])).toEqual({})
})
