// ToolRL's reward: every value of the published code in every mode, and the paper's pairing in strict mode.
import { expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { isObject } from '../../../src/text/json.ts'
import { resolveReward } from '../../../src/reward/resolve.ts'
import { bestPairing, greedyPairing } from '../../../src/reward/toolrl/toolrl-match.ts'
import { sharedPath } from '../../shared.ts'
import { readGzipRows } from '../verdicts.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const gold = (...calls: string[]) => `<think> t </think>\n<tool_call>\n${calls.join('\n')}\n</tool_call>`
const F1 = '{"name":"f","parameters":{"x":1}}'
const total = (spec: string, completion: string, truth: string, mode: 'compat' | 'strict' = 'compat') =>
  resolveReward(spec, { mode }).score({ completion, truth }).score

const verdicts = sharedPath('verdicts', 'toolrl_reward.jsonl.gz')
test.skipIf(!verdicts)('every recorded value and exception of the published code is reproduced, in every mode', () => {
  const rows = readGzipRows(verdicts!)
  expect(rows.length).toBeGreaterThan(3000)
  for (const { completion, ground_truth, model, scores } of rows) {
    if (!isObject(scores)) throw new Error('the verdict file has another form')
    for (const [mode, expected] of Object.entries(scores)) {
      const sample = {
        completion: String(completion),
        truth: String(ground_truth),
        ...(typeof model === 'string' && { model }),
      }
      const { score, parts, fault } = resolveReward(`toolrl:${mode}`).score(sample)
      const got =
        fault === null ? [score, parts!['format']!, parts!['correctness']!, parts!['length']!] : `raises:${fault}`
      expect(got).toEqual(expected as typeof got)
    }
  }
})

const vectors = sharedPath('reference', 'vectors', 'toolrl_reward.json')
test.skipIf(!vectors)('the published vectors hold', async () => {
  const file: { cases: { response: string; gt: string; scores: Record<string, number[]> }[] } = await Bun.file(
    vectors!,
  ).json()
  for (const { response, gt, scores } of file.cases) {
    for (const [mode, [all, format, correct]] of Object.entries(scores)) {
      const { score, parts } = resolveReward(`toolrl:${mode}`).score({ completion: response, truth: gt })
      expect(score).toBeCloseTo(all!, 5)
      expect(parts!['format']).toBeCloseTo(format!, 5)
      expect(parts!['correctness']).toBeCloseTo(correct!, 5)
    }
  }
})

test('@STEP fixes the training step, and the sample may carry it instead', () => {
  const sample = { completion: gold(F1), truth: gold(F1) }
  expect(resolveReward('toolrl:schedule@75').score({ ...sample, step: 0 }).parts).toEqual({
    format: 1.5,
    correctness: 2.5,
    length: 0,
  })
  expect(resolveReward('toolrl:schedule').score({ ...sample, step: 75 }).parts).toEqual({
    format: 1.5,
    correctness: 2.5,
    length: 0,
  })
  expect(resolveReward('toolrl:two-stage').score({ ...sample, step: 30 }).score).toBe(3.5)
})

test('1, 1.0 and true are the same value here, as in the published code', () => {
  for (const value of ['1.0', 'true']) expect(total('toolrl', gold(F1.replace('1', value)), gold(F1))).toBe(4)
})

test('expected calls pair up in order in compat mode and in the best way in strict mode', () => {
  const wanted = gold('{"name":"f","parameters":{"a":1}}', '{"name":"f","parameters":{"a":1,"b":2}}')
  const made = gold('{"name":"f","parameters":{"a":1,"b":2}}', '{"name":"f","parameters":{"a":1,"c":3}}')
  expect(total('toolrl', made, wanted, 'strict')).toBeGreaterThan(total('toolrl', made, wanted))
})

test('a call where none is right costs nothing in compat mode and the minimum in strict mode', () => {
  const wanted = '<think> t </think>\n<response> no </response>'
  expect(total('toolrl', gold(F1), wanted)).toBe(0)
  expect(total('toolrl', gold(F1), wanted, 'strict')).toBe(-3)
})

test('expected calls may be given as calls', () => {
  const answer = [{ name: 'f', arguments: { x: 1 } }]
  expect(resolveReward('toolrl').score({ completion: gold(F1), truth: answer }).score).toBe(4)
  expect(
    resolveReward('toolrl').score({ completion: '<think> t </think>\n<response> no </response>', truth: [] }).score,
  ).toBe(1)
})

test('a model without known chat markers is a fault, as in the published code', () => {
  expect(resolveReward('toolrl').score({ completion: gold(F1), truth: gold(F1), model: 'mistral' }).fault).toBe(
    'NotImplementedError',
  )
})

test('the best pairing is never worse than the greedy one, and pairs nothing twice', () => {
  const table = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.oneof(fc.constant(NaN), fc.integer({ min: 0, max: 9 })), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
  )
  fc.assert(
    fc.property(table, (scores) => {
      const at = (i: number, j: number) => scores[i]![j]!
      const sum = (pairs: number[]) => pairs.reduce((all, j, i) => all + (j < 0 ? 0 : at(i, j)), 0)
      const best = bestPairing(scores.length, scores[0]!.length, at)
      const used = best.filter((j) => j >= 0)
      expect(new Set(used).size).toBe(used.length)
      expect(sum(best)).toBeGreaterThanOrEqual(sum(greedyPairing(scores.length, scores[0]!.length, at)))
    }),
  )
})

test.each([
  '<think>'.repeat(1e6),
  '<think>' + '</think>\n'.repeat(1e6),
  gold('['.repeat(5e6)),
  gold('{}\n'.repeat(5e5)),
  '<tool_call>'.repeat(9e5),
])('megabytes of hostile text are judged', (completion) => {
  expect(total('toolrl', completion, gold(F1))).toBeLessThan(0)
})
