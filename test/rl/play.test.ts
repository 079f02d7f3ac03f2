// Episodes: the model's tokens stay as it drew them, what it is given is masked, and every limit ends an episode by its name.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { promptForm, promptIds } from '../../src/dialogue/prompt.ts'
import { callFormats } from '../../src/dialogue/call.ts'
import type { Sampling } from '../../src/gpu/policy/law.ts'
import type { Policy } from '../../src/gpu/policy/policy.ts'
import type { Environment, Observation, Said } from '../../src/rl/environment.ts'
import type { Episodes } from '../../src/rl/episode.ts'
import { openJudge } from '../../src/rl/judge.ts'
import { completeAll, stageOf } from '../../src/rl/play.ts'
import type { Prompt, Sampled } from '../../src/rl/record.ts'
import { flagsOf } from '../../src/rl/trained.ts'
import { END, FORGETTING_TEMPLATE, TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'
import { oneByOne } from './toy.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tokenizer = await loadTokenizer(
  writeTinyTokenizer(folder, { 'chat_template.jinja': TINY_TEMPLATE, 'config.json': { eos_token_id: END } }),
)
const form = promptForm('native')
const row = {
  id: 'a',
  source: 'test',
  messages: [{ role: 'user' as const, content: 'Go on.' }],
  tools: [],
  answer: [],
  meta: {},
}
const prompt: Prompt = { index: 0, row, json: {}, ids: promptIds(form, row, tokenizer) }
const sampling: Sampling = { temperature: 1, maxNewTokens: 400, eosIds: [END] }
const call = (n: number) =>
  callFormats.hermes.write({ think: null, text: '', calls: [{ name: 'add', arguments: { n } }] })

/** A policy that says these texts turn by turn, whatever it reads. */
function saying(texts: readonly string[], ended = true): Pick<Policy, 'open'> & { read: number[][] } {
  const read: number[][] = []
  const open = oneByOne((turn) => {
    read.push([...turn.ids])
    const text = texts[read.length - 1] ?? 'Nothing more.'
    const whole = [...tokenizer.encode(text), ...(ended ? [END] : [])]
    const ids = whole.slice(0, turn.sampling.maxNewTokens)
    const finish = ids.length < whole.length ? 'length' : ended ? 'eos' : 'stop'
    turn.end({ ids, logprobs: Float32Array.from(ids, (_, t) => -1 - t), finish })
  }, 4096)
  return { open, read }
}

/** An environment that answers as `answer` says; `told` is what it was told. */
function environmentOf(
  answer: (said: Said, turn: number) => Observation | Promise<Observation>,
): Environment & { told: Said[]; closed: string[] } {
  const told: Said[] = []
  const closed: string[] = []
  return {
    told,
    closed,
    tools: () => [],
    reset: async (_row, _json, id) => {
      let turn = 0
      return {
        step: async (said) => {
          told.push(said)
          return await answer(said, turn++)
        },
        close: () => void closed.push(id),
      }
    },
    close() {},
  }
}
const result = (content: string): Observation => ({ messages: [{ role: 'tool', content }], done: false })
const over: Observation = { messages: [], done: true }

async function playOnce(
  policy: Pick<Policy, 'open'>,
  environment: Environment,
  limits: Partial<Episodes> = {},
  law: Partial<Sampling> = {},
): Promise<Sampled> {
  const episodes: Episodes = {
    environment,
    tokenizer,
    form,
    format: 'hermes',
    positions: 4096,
    maxTurns: 8,
    maxToolCalls: null,
    toolResultTokens: 64,
    rolloutTimeout: null,
    ...limits,
  }
  const [rollout] = await completeAll(
    policy,
    [{ item: prompt, prompt: prompt.ids, samples: 1, key: [1] }],
    { ...sampling, ...law },
    { stage: stageOf(episodes) },
  )
  return rollout!.completions[0]!
}

test('where the template takes a thought from the history, the next turn begins a sequence of its own, of the same outcome', async () => {
  const forgetful = await loadTokenizer(
    writeTinyTokenizer(join(folder, 'forgetful'), {
      'chat_template.jinja': FORGETTING_TEMPLATE,
      'config.json': { eos_token_id: END },
    }),
  )
  const thought = `<think>so</think>${call(1)}`
  const policy = saying([thought, '<think>hm</think>Three.', 'Yes, three.', 'Never.'])
  const next: Observation = { messages: [{ role: 'user', content: 'Sure?' }], done: false }
  const environment = environmentOf((_, turn) => [result('3'), next, over][turn]!)
  const last = await playOnce(policy, environment, { tokenizer: forgetful })
  const own = (text: string) => [...tokenizer.encode(text), END]
  const given = tokenizer.encode('\ntool: 3<end>\nassistant: ')
  // A result of a tool leaves the thought where it was; what a user says takes both away.
  const [first, ...none] = last.rewritten!
  expect(none).toEqual([])
  expect(first).toMatchObject({ ids: [...own(thought), ...given, ...own('<think>hm</think>Three.')], stop: last.stop })
  const anew = `user: Go on.<end>\nassistant: <call>{"name": "add", "arguments": {"n": 1}}</call><end>\ntool: 3<end>\nassistant: Three.<end>\nuser: Sure?<end>\nassistant: `
  expect(tokenizer.decode(last.promptIds!)).toBe(anew)
  expect(policy.read[2]).toEqual([...last.promptIds!])
  expect([last.ids, last.turns.length, last.stop]).toEqual([own('Yes, three.'), 1, 'completed'])
  expect(last.outcome!.metrics['rewritten']).toBe(1)
  expect(first!.outcome!.answer).toBe('Yes, three.')
  const few = await playOnce(
    saying([thought, 'Three.', 'Yes.']),
    environmentOf(() => next),
    { tokenizer: forgetful, maxTurns: 2 },
  )
  expect([few.stop, few.rewritten!.length]).toEqual(['max_turns', 1])
})

test('own tokens are the sampled ids and carry loss, given ones are tokenised apart and carry none', async () => {
  const policy = saying([call(1), 'The sum is 3.'])
  const environment = environmentOf(({ calls }) => (calls.length > 0 ? result('3') : over))
  const { ids, logprobs, trained, turns, stop } = await playOnce(policy, environment)
  const own = [...tokenizer.encode(call(1)), END]
  const last = [...tokenizer.encode('The sum is 3.'), END]
  const given = tokenizer.encode('\ntool: 3<end>\nassistant: ')
  expect(ids).toEqual([...own, ...given, ...last])
  expect(policy.read[1]).toEqual([...prompt.ids, ...own, ...given])
  expect(turns.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant'])
  expect(trained).toEqual([
    { from: 0, to: own.length },
    { from: own.length + given.length, to: ids.length },
  ])
  expect([...logprobs.slice(own.length, own.length + given.length)]).toEqual(given.map(() => 0))
  expect(stop).toBe('completed')
  expect(environment.told.map(({ text }) => text)).toEqual([call(1), 'The sum is 3.'])
  expect(environment.closed).toEqual(['0'])
})

test('a turn that a stop string ended is closed by the token that the template closes it with', async () => {
  const policy = saying([call(1), 'Done.'], false)
  const { ids, turns } = await playOnce(
    policy,
    environmentOf(({ calls }) => (calls.length > 0 ? result('3') : over)),
  )
  const { from, to } = turns[1]!
  expect(ids.slice(from, to)).toEqual(tokenizer.encode('<end>\ntool: 3<end>\nassistant: '))
})

test('where an environment stops the model in its text, what it inserts goes on in the same message and is masked', async () => {
  const policy = saying(['So <code>1</code>', ' is 1.'], false)
  const environment: Environment = {
    tools: () => [],
    reset: () => {
      let turns = 0
      return Promise.resolve({
        stops: () => ['</code>'],
        step: () =>
          Promise.resolve(
            turns++ === 0 ? { ...result('[1]'), inserted: '[1]', answer: 'a' } : { ...over, answer: 'b' },
          ),
        close() {},
      })
    },
    close() {},
  }
  const stops: (((ids: readonly number[]) => boolean) | undefined)[] = []
  const watching = {
    open: () => {
      const session = policy.open({})
      return {
        ...session,
        submit: (request: Parameters<typeof session.submit>[0]) => (
          stops.push(request.sampling.stop),
          session.submit(request)
        ),
      }
    },
  }
  const { ids, turns, trained, outcome } = await playOnce(watching, environment)
  const [first, given, last] = ['So <code>1</code>', '[1]', ' is 1.'].map((text) => tokenizer.encode(text))
  expect(ids).toEqual([...first!, ...given!, ...last!])
  expect(turns.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant'])
  expect(trained).toEqual([
    { from: 0, to: first!.length },
    { from: first!.length + given!.length, to: ids.length },
  ])
  expect(outcome?.answer).toBe('b')
  expect(stops[0]!(first!)).toBe(true)
  expect(stops[0]!(first!.slice(0, -1))).toBe(false)
})

test('flags, turns and ids fit for any words of model and environment', async () => {
  const words = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(words, async (exchanges) => {
      const policy = saying([...exchanges.map(([said]) => said), 'End.'])
      const environment = environmentOf((_, turn) => (turn < exchanges.length ? result(exchanges[turn]![1]) : over))
      const played = await playOnce(policy, environment, { toolResultTokens: 4096 }, { maxNewTokens: 4000 })
      expect(played.turns.map(({ from }) => from)).toEqual([0, ...played.turns.slice(0, -1).map(({ to }) => to)])
      expect(played.turns.at(-1)!.to).toBe(played.ids.length)
      expect(flagsOf(played).filter((flag) => flag === 1).length).toBe(
        exchanges.reduce((sum, [said]) => sum + tokenizer.encode(said).length + 1, tokenizer.encode('End.').length + 1),
      )
    }),
    { numRuns: 50 },
  )
})

test('an episode ends by the limit that it meets', async () => {
  const calling = () => saying(Array.from({ length: 20 }, (_, n) => call(n)))
  const answering = () => environmentOf(() => result('More.'))
  expect((await playOnce(calling(), answering(), { maxTurns: 3 })).stop).toBe('max_turns')
  expect((await playOnce(calling(), answering(), { maxToolCalls: 2 })).stop).toBe('max_tool_calls')
  expect((await playOnce(calling(), answering(), {}, { maxNewTokens: 30 })).stop).toBe('max_tokens')
  expect((await playOnce(calling(), answering(), { maxTurns: 99 }, { maxNewTokens: 200 })).stop).toBe('max_tokens')
  expect((await playOnce(calling(), answering(), { maxTurns: 99, positions: prompt.ids.length + 150 })).stop).toBe(
    'context_overflow',
  )
  expect(
    (
      await playOnce(
        calling(),
        environmentOf(() => Bun.sleep(2000).then(() => over)),
        { rolloutTimeout: 0.05 },
      )
    ).stop,
  ).toBe('rollout_timeout')
  expect(
    (
      await playOnce(
        calling(),
        environmentOf(() => ({ ...over, stop: 'tool_stopped' })),
      )
    ).stop,
  ).toBe('tool_stopped')
})

test('rewards and metrics of turns are kept and summed', async () => {
  const environment = environmentOf((_, turn) => ({
    ...(turn < 2 ? result('ok') : over),
    reward: turn,
    metrics: { moves: 1 },
  }))
  const { turns, outcome } = await playOnce(saying([call(1), call(2), 'End.']), environment)
  expect(turns.filter(({ role }) => role === 'assistant').map(({ reward }) => reward)).toEqual([0, 1, 2])
  expect(outcome).toMatchObject({ reward: 3, metrics: { moves: 3 }, fault: null })
  expect(outcome?.messages?.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant', 'tool', 'assistant'])
})

test('what fails in an environment ends its episode with a fault and no other', async () => {
  const failing: Environment = {
    ...environmentOf(() => over),
    reset: async (_row, _json, id) => {
      if (id === '1') throw new Error('no room')
      return { step: async () => await Promise.reject(new Error('broke')), close() {} }
    },
  }
  const episodes: Episodes = {
    environment: failing,
    tokenizer,
    form,
    format: 'hermes',
    positions: 4096,
    maxTurns: 8,
    maxToolCalls: null,
    toolResultTokens: 64,
    rolloutTimeout: null,
  }
  const [rollout] = await completeAll(
    saying(['One.', 'Two.']),
    [{ item: prompt, prompt: prompt.ids, samples: 2, key: [1] }],
    sampling,
    { stage: stageOf(episodes) },
  )
  expect(rollout!.completions.map(({ outcome, ids }) => [outcome?.fault, ids.length > 0])).toEqual([
    ['broke', true],
    ['no room', false],
  ])
})

test('a long result loses its middle, however long it is', async () => {
  const flood = `head ${'x'.repeat(10_000_000)} tail`
  const environment = environmentOf(({ calls }) => (calls.length > 0 ? result(flood) : over))
  const { ids, turns } = await playOnce(saying([call(1), 'End.']), environment, { toolResultTokens: 32 })
  const text = tokenizer.decode(ids.slice(turns[1]!.from, turns[1]!.to))
  expect(text).toContain('tool: head xxx')
  expect(text).toContain('(10000010 characters in all)')
  expect(text).toContain('xxx tail<end>')
  expect(text.length).toBeLessThan(200)
})

test('where no call is right, an episode that was cut short earns nothing for none, one that ended does', async () => {
  const { judge, close } = openJudge('calls:hermes', 'compat', tokenizer)
  const next: Observation = { messages: [{ role: 'user', content: 'And?' }], done: false }
  const ended = await playOnce(
    saying(['None.']),
    environmentOf(() => over),
  )
  const cut = await playOnce(
    saying(['None.', 'None.']),
    environmentOf(() => next),
    { maxTurns: 2 },
  )
  const failed = await playOnce(
    saying(['None.']),
    environmentOf(() => Promise.reject(new Error('gone'))),
  )
  const [judged] = await judge([{ prompt, completions: [ended, cut, failed] }], 0)
  expect(judged!.map(({ verdict }) => verdict.score)).toEqual([1, 0, 0])
  expect(judged![1]!.verdict.reasons).toEqual(['cut short: max_turns'])
  close()
})
