// hone init env: an environment of one's own to start from, its test, and rows to try it on.
import { jsonLines, type Starter } from './starter.ts'

const FILES = {
  'env.ts': `// An environment of your own: it answers what the model writes, until the episode is over. Train with it:
//   hone train config.yaml --env ./env.ts --data rows.jsonl
// It runs in a process of its own; many episodes run there side by side. What is thrown, or late, ends one episode and is counted.

export interface Call {
  name: string
  arguments: Record<string, unknown>
}

/** A turn of the model: its text word for word, and the calls in it. */
export interface Said {
  text: string
  calls: Call[]
}

export interface Observation {
  /** What the model reads next. */
  messages: { role: 'tool' | 'user'; content: string }[]
  done: boolean
  /** Of this turn; without any the reward of the configuration judges the last turn. */
  reward?: number
  /** Summed over the episode and shown as parts of the reward. */
  metrics?: Record<string, number>
}

const guess = {
  name: 'guess',
  description: 'Guess the number. The answer says whether it is too small or too large.',
  parameters: { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] },
}

export default {
  /** An episode for a row of your file. Its messages and tools are added to those of the row. */
  reset(row: { secret?: number }) {
    const secret = row.secret ?? 7
    return {
      tools: [guess],
      step({ calls }: Said): Observation {
        const call = calls[0]
        if (!call) return { messages: [], done: true, reward: 0 }
        const said = Number(call.arguments['number'])
        if (said === secret) return { messages: [], done: true, reward: 1 }
        const content = said < secret ? 'Too small.' : 'Too large.'
        return { messages: [{ role: 'tool', content }], done: false, reward: 0, metrics: { guesses: 1 } }
      },
    }
  },
}
`,
  'env.test.ts': `// Run with:  BUN_BE_BUN=1 hone test ./env.test.ts     (the binary holds a test runner; bun test does the same)
import { expect, test } from 'bun:test'
import environment, { type Said } from './env.ts'

const said = (number: number): Said => ({ text: '', calls: [{ name: 'guess', arguments: { number } }] })

test('the right number ends the episode with a reward', () => {
  const episode = environment.reset({ secret: 4 })
  expect(episode.step(said(9))).toMatchObject({ done: false, messages: [{ content: 'Too large.' }] })
  expect(episode.step(said(4))).toMatchObject({ done: true, reward: 1 })
})
`,
  'rows.jsonl': jsonLines(
    [
      [4, 10],
      [11, 20],
      [17, 30],
    ].map(([secret, most]) => ({
      id: `guess-${secret}`,
      source: 'init',
      messages: [{ role: 'user', content: `Guess a number from 1 to ${most}.` }],
      tools: [],
      answer: [],
      secret,
    })),
  ),
}

export const envStarter: Starter = {
  what: 'an environment of your own, its test, and rows to try it on',
  files: () => FILES,
  next: (at) => [
    [['infer', 'MODEL', '--env', at('env.ts'), '--input', at('rows.jsonl')], 'let a model play it'],
    [['train', 'CONFIG', '--env', at('env.ts'), '--data', at('rows.jsonl')], 'train in it'],
  ],
}
