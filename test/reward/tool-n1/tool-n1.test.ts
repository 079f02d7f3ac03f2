// Tool-N1's rewards: every value and exception of the published code, and the paper's reading in strict mode.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { isObject, parseJson } from '../../../src/text/json.ts'
import { resolveReward } from '../../../src/reward/resolve.ts'
import { sharedPath } from '../../shared.ts'
import { readGzipRows } from '../verdicts.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const COLUMNS = {
  v0: 'v0',
  lexico: 'v1',
  'wo-reason': 'v2',
  'partial-reason': 'v3',
  'partial-reason-funcname': 'v4',
  llama: 'llama',
}
const CALL = '[{"name":"f","arguments":{"x":1}}]'
const reply = (body: string) => `<think>t</think><tool_call>${body}</tool_call>`
const v0 = resolveReward('tool-n1:v0')

const verdicts = sharedPath('verdicts', 'tooln1_reward.jsonl.gz')
test.skipIf(!verdicts)(
  'every recorded value and exception of the published code is reproduced, in all six variants',
  () => {
    const rows = readGzipRows(verdicts!)
    expect(rows.length).toBeGreaterThan(3000)
    for (const [variant, column] of Object.entries(COLUMNS)) {
      const reward = resolveReward(`tool-n1:${variant}`)
      for (const row of rows) {
        const { score, fault, parts } = reward.score({
          completion: String(row['completion']),
          truth: String(row['ground_truth']),
        })
        expect(fault === null ? score : `raises:${fault}`).toBe(row[column] as number | string)
        expect(parts === null).toBe(fault !== null)
      }
    }
  },
)

const vectors = sharedPath('reference', 'vectors', 'tool_n1_reward.json')
test.skipIf(!vectors)('the published vectors hold, prompt and chat markers included', async () => {
  const file: Vectors = await Bun.file(vectors!).json()
  const names = {
    v0: 'v0',
    llama: 'llama',
    lexico: 'v1_lexico',
    'wo-reason': 'v2_wo_reason',
    'partial-reason': 'v3_partial_reason',
    'partial-reason-funcname': 'v4_partial_reason_funcname',
  }
  for (const { id, response, gt, marker, scores } of file.cases) {
    for (const [variant, key] of Object.entries(names)) {
      const begin = !marker ? '' : variant === 'llama' ? file.llama_marker : file.qwen_marker
      const { score, fault } = resolveReward(`tool-n1:${variant}`).score({
        completion: file.prompt + begin + response,
        truth: gt,
      })
      expect([id, variant, fault === null ? score : `raises ${fault}`]).toEqual([id, variant, scores[key]!])
    }
  }
})

interface Vectors {
  prompt: string
  qwen_marker: string
  llama_marker: string
  cases: { id: string; response: string; gt: string; marker: boolean; scores: Record<string, number | string> }[]
}

test.each([
  ['the canonical reply', reply(CALL), CALL, 1, 1],
  ['thinking after the call', `<tool_call>${CALL}</tool_call><think>t</think>`, CALL, 1, 0],
  ['prose around the block', `<think>t</think> so: <tool_call>${CALL}</tool_call> done`, CALL, 1, 0],
  ['a wrong block before the right one', reply('[]') + `<tool_call>${CALL}</tool_call>`, CALL, 1, 0],
  ['a bare object', reply(CALL.slice(1, -1)), CALL, 1, 0],
  ['JSON text inside JSON text', reply(JSON.stringify(CALL)), CALL, 1, 0],
  ['an extra key on the call', reply('[{"name":"f","arguments":{"x":1},"id":7}]'), CALL, 1, 0],
  ['a forged role marker', 'x<|im_start|>assistant' + reply(CALL), CALL, 1, 0],
  ['no call where none is right', '<think>t</think> Sorry, no tool helps.', '[]', 0, 1],
  ['an empty block where no call is right', reply('[]'), '[]', 1, 1],
  ['no call where one is right', '<think>t</think> Sorry.', CALL, 0, 0],
  [
    'calls in another order',
    reply('[{"name":"g","arguments":{}},{"name":"f","arguments":{"x":1}}]'),
    '[{"name":"f","arguments":{"x":1}},{"name":"g","arguments":{}}]',
    1,
    1,
  ],
  ['the end-of-turn token', reply(CALL) + '<|im_end|>', CALL, 1, 1],
  ['1.0 for 1', reply('[{"name":"f","arguments":{"x":1.0}}]'), CALL, 0, 0],
])('%s', (_, completion, truth, compat, strict) => {
  expect(v0.score({ completion, truth }).score).toBe(compat)
  expect(resolveReward('tool-n1', { mode: 'strict' }).score({ completion, truth }).score).toBe(strict)
})

test('an answer given as calls scores as its JSON text does', () => {
  const calls = parseJson(CALL)
  if (!Array.isArray(calls)) throw new Error('unreachable')
  const answer = calls
    .filter((call) => isObject(call))
    .map(({ name, arguments: args }) => ({ name: String(name), arguments: args ?? null }))
  expect(v0.score({ completion: reply(CALL), truth: answer }).score).toBe(1)
  expect(v0.score({ completion: reply('[]'), truth: answer }).score).toBe(0)
})

test.each([2, 40])('%i calls are the same in any order, and no longer when one of them changes', (count) => {
  const calls = Array.from({ length: count }, (_, i) => ({ name: `f${i % 3}`, arguments: { x: i, y: [1.5, 'é'] } }))
  const turned = calls.toReversed()
  const spoilt = turned.map((call, i) => (i === 0 ? { ...call, arguments: { x: -1 } } : call))
  const score = (given: object) =>
    resolveReward('tool-n1:partial-reason-funcname').score({
      completion: reply(JSON.stringify(given)),
      truth: JSON.stringify(calls),
    }).score
  expect([score(turned), score(spoilt), score(spoilt.slice(1))]).toEqual([1, 0.4, 0.2])
})

test.each([
  ['tags without an end', '<tool_call>'.repeat(1e6)],
  ['tags without a beginning', '</tool_call>'.repeat(1e6)],
  ['empty blocks', '<tool_call></tool_call>'.repeat(5e5)],
  ['white space in a block', reply(' '.repeat(1e7))],
  ['a very deep block', reply('['.repeat(5e6))],
  ['a very long string', reply('[{"name":"f","arguments":"' + 'a'.repeat(1e7) + '"}]')],
  ['very many calls', reply('[' + '{"name":"f","arguments":{}},'.repeat(1e5) + '{"name":"g","arguments":{}}]')],
])('10 MB of %s are judged, not choked on', (_, completion) => {
  for (const mode of ['compat', 'strict'] as const) {
    const { score } = resolveReward('tool-n1', { mode }).score({ completion, truth: CALL })
    expect(score).toBe(0)
  }
})

test('a reward that does not exist is refused with the nearest name', () => {
  expect(() => resolveReward('tool-n2')).toThrow('Unknown reward: tool-n2')
  expect(() => resolveReward('tool-n1:partial')).toThrow('Unknown variant of tool-n1: partial')
})

test('weights add rewards up and name them in the parts', () => {
  const sum = resolveReward('tool-n1:v0:1,tool-n1:partial-reason:0.5')
  const { score, parts } = sum.score({ completion: '<think>t</think>', truth: CALL })
  expect(score).toBeCloseTo(0.1, 12)
  expect(parts).toEqual({ 'tool-n1:v0': 0, 'tool-n1:partial-reason': 0.2 })
})

test('a fault in one of several rewards is a fault of the sum', () => {
  const { score, fault, parts } = resolveReward('tool-n1:v0:1,tool-n1:lexico:1').score({
    completion: reply('5'),
    truth: CALL,
  })
  expect([score, fault, parts]).toEqual([0, 'TypeError', null])
})
