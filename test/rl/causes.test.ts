// What a step without a signal is said to come from: the commonest trait of its completions, and what helps against it.
import { expect, test } from 'bun:test'
import { findFormat } from '../../src/dialogue/call.ts'
import { causesOf } from '../../src/rl/causes.ts'
import type { Scored } from '../../src/rl/record.ts'
import { ownWords } from '../../src/rl/trained.ts'

const reader = findFormat('tool-n1')
const call = '<tool_call>[{"name": "f", "arguments": {}}]</tool_call>'
const tools = [{ name: 'f', description: '', parameters: {} }]
const row = { id: 'a', source: '', messages: [], tools, answer: [{ name: 'f', arguments: {} }], meta: {} }

const causes = (texts: string[], more: Partial<Scored> = {}) => {
  const completions = texts.map((text): Scored => ({
    ...ownWords({ ids: [1], logprobs: new Float32Array(1), finish: 'stop' }),
    text,
    verdict: { score: 0, parts: null, fault: null, reasons: [] },
    reward: 0,
    ...more,
  }))
  return causesOf([{ prompt: { index: 0, ids: [1], row, json: {} }, completions, live: true }], reader)
}
const verdict = (more: Partial<Scored['verdict']>) => ({ score: 0, parts: null, fault: null, reasons: [], ...more })

test('calls that cannot be read, thoughts that are absent and answers that are cut are told with what helps', () => {
  expect(causes(['a', 'b', call])).toEqual({
    found: ['no call can be read in 2 of 3 completions'],
    hint: expect.stringContaining('hone sft'),
  })
  const unthought = causes([`${call} `, call], { verdict: verdict({ reasons: ['no <think> and </think>'] }) })
  expect(unthought.found[0]).toBe('2 of 2 completions have no <think> and </think>')
  expect(causes(['a', 'b'], { stop: 'max_tokens' }).found[0]).toBe(
    '2 of 2 completions were cut at --max-completion-length',
  )
})

test('one text, a reward that fails, and rows that are right already are told', () => {
  expect(causes([call, call])).toMatchObject({
    found: ['in 1 of 1 groups every completion is the same text'],
    hint: 'raise --temperature',
  })
  expect(causes([call, 'x'], { verdict: verdict({ fault: 'KeyError' }) }).found[0]).toBe(
    'the reward failed on 2 of 2: KeyError',
  )
  expect(causes([call, `${call} `], { reward: 1 }).found).toEqual(['2 of 2 completions earn 1 or more already'])
})

test('where nothing is common to most, the way to a signal is told all the same', () => {
  expect(causes([call, 'x'])).toEqual({ found: [], hint: expect.stringContaining('hone difficulty') })
})
