// What a run keeps of its completions: lines from which the next stage could go on.
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathsOf } from '../../../src/rundir/paths.ts'
import { storeIn } from '../../../src/job/train/store.ts'
import type { Judged, Weighted } from '../../../src/rl/record.ts'
import { Float } from '../../../src/text/json.ts'
import { scratch } from '../../scratch.ts'

const logprobs = Float32Array.of(-0.1, -1 / 3, 0, -2e-7)
const completion: Weighted = {
  ids: [5, 6, 7, 8],
  logprobs,
  trained: [
    { from: 0, to: 2 },
    { from: 3, to: 4 },
  ],
  turns: [
    { role: 'assistant', from: 0, to: 2 },
    { role: 'tool', from: 2, to: 3 },
    { role: 'assistant', from: 3, to: 4 },
  ],
  stop: 'max_turns',
  text: 'text',
  verdict: { score: 1, parts: { a: 1 }, fault: null, reasons: ['r'] },
  reward: 0.1 + 0.2,
  old: logprobs,
  reference: undefined,
  advantage: -1 / 3,
}
const rollout: Judged<Weighted> = {
  prompt: {
    index: 4,
    ids: [1, 2],
    row: {
      id: 'x',
      source: 's',
      messages: [{ role: 'user', content: 'q' }],
      tools: [],
      answer: [{ name: 'f', arguments: { a: new Float(5) } }],
      meta: {},
    },
    json: {},
  },
  completions: [completion, completion],
  live: true,
}

test('a line holds the question of its group, ids, log-probs to the bit, a flag per id, turns, why it ended, the verdict and the reward', () => {
  const directory = scratch()
  storeIn(pathsOf(directory), { keepCheckpoints: 1, run: 'run', made: {} }).rollouts(
    3,
    [rollout],
    [{ ...rollout, live: false }],
    new Map(),
  )
  const [line, second, dead] = readFileSync(join(directory, 'rollouts', 'step-000000003.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(line).toEqual({
    step: 3,
    id: 'x',
    sample: 0,
    messages: [{ role: 'user', content: 'q' }],
    tools: [],
    prompt_ids: [1, 2],
    output_ids: [5, 6, 7, 8],
    logprobs: expect.any(Array),
    trained: [1, 1, 0, 1],
    turns: [...completion.turns],
    stop: 'max_turns',
    output: 'text',
    gts: [{ name: 'f', arguments: { a: 5 } }],
    ...completion.verdict,
    reward: 0.1 + 0.2,
    advantage: -1 / 3,
    live: true,
  })
  expect(Float32Array.from(line.logprobs)).toEqual(logprobs)
  // A group is asked once.
  expect(second).toMatchObject({ sample: 1, prompt_ids: [1, 2] })
  expect(second).not.toContainAnyKeys(['messages', 'tools'])
  expect(dead).toMatchObject({ live: false, advantage: null, reward: 0.1 + 0.2 })
})
