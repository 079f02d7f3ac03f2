// The other rewards: ARPO and AlphaMaze by their published vectors, parts by their definitions.
import { expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { resolveReward } from '../../src/reward/resolve.ts'
import type { Sample } from '../../src/reward/reward.ts'
import { families } from '../../src/reward/table.ts'
import { sharedPath } from '../shared.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const score = (spec: string, completion: string, truth: Sample['truth'] = '', rest: Partial<Sample> = {}) =>
  resolveReward(spec).score({ completion, truth, ...rest })

const arpo = sharedPath('reference', 'vectors', 'arpo_reward.json')
test.skipIf(!arpo)("ARPO's and Tool-Star's published vectors hold", async () => {
  const file: { cases: { id: string; response: string; gold: string | string[]; score: number }[] } = await Bun.file(
    arpo!,
  ).json()
  for (const { id, response, gold, score: expected } of file.cases) {
    for (const name of ['arpo', 'tool-star'])
      expect([id, score(name, response, gold).score.toFixed(6)]).toEqual([id, expected.toFixed(6)])
  }
})

const alphaMaze = sharedPath('reference', 'vectors', 'alphamaze_reward.json')
test.skipIf(!alphaMaze)("AlphaMaze's published vectors hold", async () => {
  const file: {
    cases: { response: string; gold: string; correct: number; integrity: number; xml: number; total: number }[]
  } = await Bun.file(alphaMaze!).json()
  for (const { response, gold, correct, integrity, xml, total } of file.cases) {
    const { score: all, parts } = score('alphamaze', response, gold)
    expect(all).toBeCloseTo(total, 9)
    expect(parts!['correctness']).toBeCloseTo(correct, 9)
    expect([parts!['integrity'], parts!['format']]).toEqual([integrity, xml])
  }
})

const ANSWER = '[{"name":"f","arguments":{"x":1,"y":2}},{"name":"g","arguments":{}}]'
const HERMES = '<tool_call>\n{"name":"f","arguments":{"x":1,"z":2}}\n</tool_call>'

test('parts of the calls are judged in the format of any parser', () => {
  expect(score('calls:hermes', HERMES, '[{"name":"f","arguments":{"z":2,"x":1}}]').score).toBe(1)
  expect(score('calls:pythonic', '[f(x=1, y=2), g()]', ANSWER).score).toBe(1)
  expect(score('names:hermes', HERMES, ANSWER).score).toBeCloseTo(2 / 3, 12)
  expect(score('parameters:hermes', HERMES, ANSWER).score).toBe(0.5)
  expect(score('values:hermes', HERMES, ANSWER).score).toBe(0.5)
  expect(score('calls:hermes', '<tool_call>\n{"name":"f"', '[]').score).toBe(0)
})

test('a part that does not apply is left out of a combination', () => {
  const { score: sum, parts } = score('calls:hermes:1,parameters:hermes:0.5,soft-overlong:1', 'No tool helps.', '[]')
  expect(sum).toBe(1)
  expect(parts).toEqual({ 'calls:hermes': 1, 'parameters:hermes': null, 'soft-overlong:16384-4096': null })
})

test('loose format is what Tool-N1 runs, strict format what its paper says', () => {
  const reversed = '<tool_call>[{"name":"f","arguments":{}}]</tool_call><think>t</think>'
  expect([score('format:loose', reversed, '[]').score, score('format:strict', reversed, '[]').score]).toEqual([1, 0])
  expect(score('format:llama3-json', '{"name":"f"}').score).toBe(0)
})

test("Countdown's game is won by an equation of its numbers alone", () => {
  const game = '{"target": 16, "numbers": [3, 7, 12]}'
  const said = (answer: string, spec = 'countdown') => score(spec, answer, game).score
  // Values of countdown.py at Jiayi-Pan/TinyZero f36b1b8d, run on these replies after "Assistant:".
  const cases: [string, number][] = [
    ['<answer>12 + 7 - 3</answer>', 1],
    ['<answer>(12+7)-3</answer> no: <answer>12+7+3</answer>', 0.1],
    ['<answer>1</answer> better: <answer> 7-(3-12) </answer>', 1],
    ['<answer>12+7-3', 0],
    ['12+7-3', 0],
    ['<answer>12+7-3=16</answer>', 0.1],
    ['<answer>12+4</answer>', 0.1],
    ['<answer>12+7-3+0</answer>', 0.1],
    ['<answer>12/(7-7)+3</answer>', 0.1],
    ['<answer>12+7-03</answer>', 0.1],
    ['<answer>(12+7-3</answer>', 0.1],
    ['<answer>12+7-3</answer>\nThat is it.', 0],
  ]
  for (const [answer, expected] of cases) expect([answer, said(answer)]).toEqual([answer, expected])
  expect(score('countdown', `<answer>1</answer> Assistant: none`, game).score).toBe(0)
  expect(resolveReward('countdown', { mode: 'strict' }).score({ completion: cases.at(-1)![0], truth: game }).score).toBe(1)
  expect(score('countdown', '<answer>1</answer>', 'sixteen').fault).not.toBeNull()
  expect(score('countdown', '<answer>9-3-7</answer>', '{"target": -1, "numbers": [9, 3, 7]}').score).toBe(1)
})

test('length, repetition and overlong replies are priced by their sizes', () => {
  expect(score('length:4w', '<think>one two</think>').score).toBe(0.5)
  expect(score('length:512w:2', 'x').score).toBe(0)
  expect(score('repetition:2-grams', 'a b a b a b').score).toBeCloseTo(-3 / 5, 12)
  expect(score('repetition', 'a b').score).toBe(0)
  const overlong = [6, 8, 10, 99].map((tokens) => score('soft-overlong:10-4', '', '', { tokens }).score)
  expect(overlong).toEqual([0, -0.5, -1, -1])
})

test('text answers are compared without case, punctuation and articles', () => {
  expect(score('exact', 'So \\boxed{The U.S.A.}', ['uk', 'usa']).score).toBe(1)
  expect(score('f1', '<answer>new york city</answer>', 'New York').score).toBeCloseTo(0.8, 12)
  expect(score('exact', 'thus:\n42', '42').score).toBe(1)
})

test("BFCL's check takes possible answers or calls, and any type name of JSON Schema", () => {
  const parameters = {
    type: 'object',
    properties: { x: { type: 'number' }, unit: { type: 'string' } },
    required: ['x'],
  }
  const row = { function: [{ name: 'f', parameters }] }
  const possible = '[{"f": {"x": [1.5, 2], "unit": ["Metre", ""]}}]'
  const check = (body: string, truth: string) => {
    const { score: right, reasons } = score('bfcl-ast', `<tool_call>[${body}]</tool_call>`, truth, { row })
    return right === 1 ? 'right' : reasons[0]
  }
  expect(check('{"name":"f","arguments":{"x":2,"unit":"METRE"}}', possible)).toBe('right')
  expect(check('{"name":"f","arguments":{"x":1.5}}', possible)).toBe('right')
  expect(check('{"name":"f","arguments":{"x":"2"}}', possible)).toBe('type_error:simple')
  expect(check('{"name":"f","arguments":{}}', possible)).toBe('simple_function_checker:missing_required')
  expect(check('{"name":"f","arguments":{"x":1.5}}', '[{"name":"f","arguments":{"x":1.5}}]')).toBe('right')
  expect(check('{"name":"f","arguments":{"x":1.5}}', '[]')).toBe('irrelevance_error:decoder_success')
  expect(check('', '[]')).toBe('right')
})

test("under BFCL's check the calls of a row are right for themselves, whatever their values, and for nothing else", () => {
  const object = { type: 'object', properties: { n: { type: 'integer' }, t: { type: 'string' } } }
  const properties = { o: object, list: { type: 'array', items: object }, s: { type: 'string' } }
  const row = { tools: [{ name: 'f', parameters: { type: 'object', properties, required: [] } }] }
  const call = (values: object) => JSON.stringify([{ name: 'f', arguments: values }])
  const judge = (given: object, expected: object) =>
    score('bfcl-ast', `<tool_call>${call(given)}</tool_call>`, call(expected), { row }).score
  const values = [
    { o: { n: 1, t: 'oak' } },
    { o: { n: 1, t: 'o' } },
    { o: { n: 2, t: 'oak' } },
    { list: [{ n: 1, t: 'oak' }, { t: 'elm' }] },
    { list: [{ n: 1, t: 'k' }, { t: 'elm' }] },
    { s: 'oak', list: [] },
  ]
  expect(values.map((given) => values.map((expected) => judge(given, expected)))).toEqual(
    values.map((_, i) => values.map((_, j) => Number(i === j))),
  )
})

test('no text makes any reward throw, and every score is a number', () => {
  const specs = Object.entries(families).flatMap(([name, { variants }]) => [
    name,
    ...Object.keys(variants).map((variant) => `${name}:${variant}`),
  ])
  const rewards = specs.flatMap((spec) => (['compat', 'strict'] as const).map((mode) => resolveReward(spec, { mode })))
  const piece = fc.constantFrom(
    '<think>',
    '</think>',
    '<tool_call>',
    '</tool_call>',
    '<answer>',
    '</answer>',
    '\\boxed{',
    '}',
    '[',
    ']',
    '{',
    '"name"',
    ':',
    '1',
    'NaN',
    ',',
    '<search>',
    '<result>',
    '\n',
    ' ',
    'f(',
    ')',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 15 }),
      fc.array(piece, { maxLength: 6 }),
      fc.option(fc.nat()),
      (completion, truth, tokens) => {
        for (const reward of rewards) {
          const verdict = reward.score({
            completion: completion.join(''),
            truth: truth.join(''),
            tokens: tokens ?? undefined,
          })
          expect(Number.isFinite(verdict.score)).toBe(true)
          if (verdict.fault !== null) expect([verdict.score, verdict.parts]).toEqual([0, null])
        }
      },
    ),
    { numRuns: 100 },
  )
})

test.each([
  ['moves', '</think>' + '<|up|>'.repeat(2e5)],
  ['tool tags', '<think></think><answer></answer>' + '<search></search><result></result>'.repeat(4e4)],
  ['boxes', '\\boxed{'.repeat(2e5)],
  ['words', 'a '.repeat(5e5)],
])('megabytes of %s are judged in linear time by every text reward', (_, completion) => {
  for (const name of ['arpo', 'alphamaze', 'exact', 'f1', 'length', 'repetition'])
    expect(Number.isFinite(score(name, completion, '').score)).toBe(true)
})
