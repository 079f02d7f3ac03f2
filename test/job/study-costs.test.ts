// What answers cost: counted over the calls of the model, of all answers and of each file.
import { expect, test } from 'bun:test'
import { costNames, costsOf } from '../../src/job/study/costs.ts'
import type { Answer, Turn } from '../../src/rl/record.ts'
import { toRow } from '../../src/dialogue/row.ts'

/** Ids are not looked at. */
const answer = (set: string, prompt: number, turns: Turn[], calls?: number): Answer => ({
  set,
  prompt: {
    index: 0,
    ids: new Array<number>(prompt).fill(0),
    row: toRow({ id: 'a', source: 'a', messages: [{ role: 'user', content: 'a' }], tools: [], answer: [] }, 'a'),
    json: {},
  },
  ids: [],
  logprobs: new Float32Array(),
  trained: [],
  turns,
  stop: 'completed',
  ...(calls !== undefined && { outcome: { reward: 1, metrics: { tool_calls: calls }, fault: null } }),
  text: '',
  verdict: { score: 1, parts: {}, fault: null, reasons: [] },
  exact: true,
})

test('each call of the model counts all that stands before its words, and those; an answer calls a tool or does not', () => {
  const asked = answer(
    'a',
    3,
    [
      { role: 'assistant', from: 0, to: 2 },
      { role: 'tool', from: 2, to: 6 },
      { role: 'assistant', from: 6, to: 7 },
    ],
    2,
  )
  const told = answer('b', 5, [{ role: 'assistant', from: 0, to: 1 }], 0)
  const costs = costsOf([asked, told], ['a', 'b'])
  expect(costs).toEqual({
    ...{ tokens: (3 + 2 + 3 + 7 + 5 + 1) / 2, called: 50 },
    ...{ 'a:tokens': 15, 'a:called': 100, 'b:tokens': 6, 'b:called': 0 },
  })
  // Those of rollouts are a run's.
  expect(costNames(['a', 'b'])).toEqual([...Object.keys(costs), 'written', 'answered'])
  expect(costsOf([answer('a', 1, [])], [])).toEqual({ tokens: 0, called: 0 })
})
