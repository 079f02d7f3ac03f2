// The files hone init reward writes: a reward of one's own to start from, and its test.

/** File name → text. */
export const REWARD_STARTER: Record<string, string> = {
  'reward.ts': `// A reward of your own. Try it:  hone score rows.jsonl --reward ./reward.ts
// Train with it:                 hone train config.yaml --reward ./reward.ts
// It runs in a process of its own with a time limit; a throw, a time-out or a score that is no number is a fault that is counted.

export interface Call {
  name: string
  arguments: Record<string, unknown>
}

/** A row of your file with the completion to be judged. Other columns of the row are here too. */
export interface Row {
  completion: string
  /** The expected calls, where the row has them. */
  answer?: Call[]
  /** The expected answer as text, where the row has it. */
  ground_truth?: string
  /** Training step, from 0. */
  step?: number
  [column: string]: unknown
}

/** A plain number will do. A score of null says that the reward does not apply to the row. */
export type Score = number | { score: number | null; parts?: Record<string, number>; reasons?: string[] }

/** 1 when a call of every expected tool is named in the reply, and up to 0.2 less for a long one. */
export default function reward(row: Row): Score {
  const expected = row.answer ?? []
  const named = expected.filter((call) => row.completion.includes(JSON.stringify(call.name))).length
  const names = expected.length === 0 ? 1 : named / expected.length
  const length = Math.min(row.completion.length / 2000, 1)
  return {
    score: names - 0.2 * length,
    parts: { names, length },
    reasons: names < 1 ? [\`\${expected.length - named} expected tools are not named\`] : [],
  }
}
`,
  'reward.test.ts': `// Run with:  bun test
import { expect, test } from 'bun:test'
import reward, { type Row } from './reward.ts'

const score = (row: Row): number | null => {
  const result = reward(row)
  return typeof result === 'number' ? result : result.score
}

const answer = [{ name: 'get_weather', arguments: { city: 'Paris' } }]

test('naming the expected tool is better than not naming it', () => {
  const right = score({ completion: '<tool_call>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</tool_call>', answer })
  const wrong = score({ completion: 'I do not know.', answer })
  expect(right).toBeGreaterThan(wrong ?? 0)
})

test('the score is a finite number for any text', () => {
  for (const completion of ['', '\\u0000', 'x'.repeat(100_000)]) expect(Number.isFinite(score({ completion, answer }))).toBe(true)
})
`,
}
