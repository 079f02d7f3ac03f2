// Hints in a model's own replies: where they stand, who needs one, and what is kept of what comes after.
import { expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hints, places } from '../../src/job/teach/hints.ts'
import { runHere } from '../here.ts'
import { writeSayingModel } from '../saying-model.ts'
import { scratch } from '../scratch.ts'

const row = (id: string, truth: string) => ({
  id,
  source: 'test',
  messages: [{ role: 'user', content: 'What is it?' }],
  tools: [],
  answer: [],
  ground_truth: truth,
})

/** By itself it thinks a little and says 1; after one hint it says 2, after another it goes round in circles. */
function place() {
  const folder = scratch()
  const round = 'a b c d e f g h i j '.repeat(4)
  const model = writeSayingModel(join(folder, 'model'), ['<think>', 'Wait, ', 'no', '</think>', '<answer>1</answer>'], {
    after: {
      '[hint]': ['so it is</think> ', '<answer>2</answer>'],
      '[round]': [round, '</think><answer>2</answer> '],
      '[search]': ['<search>ada</search>'],
      '\n</result>': ['</think><answer>bob</answer>'],
    },
  })
  const data = join(folder, 'rows.jsonl')
  const lines = [row('known', '1'), row('learnt', '2'), row('never', '3')].map((each) => `${JSON.stringify(each)}\n`)
  writeFileSync(data, lines.join(''))
  const output = join(folder, 'out.jsonl')
  const distill = (hints: string, ...more: string[]) => {
    const asking = [
      'distill',
      data,
      '--model',
      model,
      '--prompt',
      'native',
      '--device',
      'cpu',
      '--max-new-tokens',
      '64',
    ]
    return runHere([
      ...asking,
      '--temperature',
      '0',
      '--reward',
      'exact',
      '--attempts',
      '2',
      '--hints',
      hints,
      '-o',
      output,
      ...more,
    ])
  }
  const hintsOf = (...rows: object[]) => {
    const file = join(folder, 'hints.jsonl')
    writeFileSync(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''))
    return file
  }
  return { data, output, distill, hintsOf }
}
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('rows are kept that are right with the hint and wrong without, word for word', async () => {
  const { output, distill, hintsOf } = place()
  const { code, stderr } = await distill(hintsOf({ at: 'pause', text: '[hint]', name: 'mine' }))
  expect(code).toBe(0)
  expect(stderr).toContain('right without a hint 1')
  expect(stderr).toContain('accepted 1  rejected 1  failed 0')
  expect(linesOf(output).map(({ id, ground_truth, meta }) => ({ id, ground_truth, meta }))).toEqual([
    {
      id: 'learnt',
      ground_truth: '2',
      meta: {
        // The place lies within the token "Wait, ".
        completion: '<think>Wait, [hint]so it is</think> <answer>2</answer>',
        thought: 'Wait, [hint]so it is',
        hint: 'mine',
        teacher: expect.any(String),
      },
    },
  ])
})

test('replies that go round in circles, or whose place is not there, are none', async () => {
  const { output, distill, hintsOf } = place()
  const circles = await distill(hintsOf({ at: 'end', text: '[round]' }))
  expect(circles).toMatchObject({ code: 1, stderr: expect.stringContaining('accepted 0') })
  expect(readFileSync(output, 'utf8')).toBe('')
})

test('what a model calls for after a hint is answered in a frame, and its result is kept in the reply', async () => {
  const { data, output, distill, hintsOf } = place()
  writeFileSync(data, JSON.stringify({ ...row('learnt', 'bob'), documents: ['ada > bob', 'cleo > dirk'] }))
  const hint = hintsOf({ at: 'pause', text: '[search]' })
  const search = ['--env', 'kb', '--frame', 'arpo']
  expect(await distill(hint, ...search)).toMatchObject({ code: 0, stderr: expect.stringContaining('accepted 1') })
  const found = '<search>ada</search> <result>\n[1] ada > bob\n</result>'
  expect(linesOf(output)[0].meta.completion).toBe(`<think>Wait, [search]${found}</think><answer>bob</answer>`)
  const { code, stderr } = await distill(hint, '--env', 'kb')
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('an environment needs --frame') })
})

test('every hint of the library has a place, and places are where they say', () => {
  for (const { at, text } of Object.values(hints))
    expect(places[at].find(`<think>Wait, so. ${text}</think>x`)).toBeNumber()
  const reply = '<think>One step. Alternatively, two.</think><answer>2</answer>'
  const before = Object.fromEntries(
    Object.entries(places).map(([name, { find }]) => [name, reply.slice(0, find(reply))]),
  )
  expect(before).toEqual({
    pause: '<think>One step. Alternatively,',
    middle: '<think>One step. Alternatively, ',
    answer: '<think>One step. Alternatively, two.',
    end: reply,
  })
  expect(places.pause.find('<think>No.</think> Wait')).toBeUndefined()
  expect(places.answer.find('never ended')).toBeUndefined()
})

test('hints need a model that is here, a name of the library, and a place of the table', async () => {
  const { output, distill, hintsOf } = place()
  const cases: [string, string][] = [
    ['reflexion', 'Unknown hint or file of hints: reflexion'],
    [hintsOf({ at: 'nowhere', text: 'x' }), 'hints.jsonl:1: Cannot read the hint: at'],
  ]
  for (const [hints, said] of cases)
    expect(await distill(hints)).toMatchObject({ code: 2, stderr: expect.stringContaining(said) })
  const far = [
    'distill',
    'rows.jsonl',
    '--endpoint',
    'http://localhost:9/v1',
    '--api-model',
    'x',
    '--hints',
    'logic',
    '-o',
    output,
  ]
  expect(await runHere(far)).toMatchObject({ code: 2, stderr: expect.stringContaining('--hints needs --model') })
  expect(existsSync(output)).toBe(false)
})
